"""What docs/evidence/benchmarks.md and inbox.md report, each figure by ``python -m benchmarks``."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# As in the bundle: the product's packages, and beside them its schemas.
sys.path[:0] = [str(ROOT / part) for part in ("functions", "statemachine") if str(ROOT / part) not in sys.path]
