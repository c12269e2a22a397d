"""What a start costs beside the model, of one that really runs: the bar of docs/evidence/benchmarks.md."""

from benchmarks.price import LARGEST_FIRST_PRICE, MINUTES, bill, largest_items, run
from benchmarks.starts import watch
from emulator.server import Emulator
from tests.deployed.notified import NewModel


def test_a_first_start_of_twelve_minutes_costs_what_is_promised(emulator: Emulator, new_model: NewModel) -> None:
    one = run(emulator, new_model())
    status_checks = 1 + watch([60.0 * MINUTES])[0].status_checks
    billed = bill(one, one, largest_items(emulator), status_checks, MINUTES)
    assert status_checks == 71
    assert billed.lines["Step Functions"][0] == "216 transitions"
    # A busy machine's milliseconds are no figure; a tenth of a second is what pricing.py reckons with.
    assert billed.total - billed.lines["Lambda"][1] + 60 * 0.0000009 < LARGEST_FIRST_PRICE
