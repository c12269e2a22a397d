"""The app that the browser sees."""

from tests.assemblies import Configuration

HOME = "arn:aws:rekognition:us-east-1:123456789012:project"
DEFECTS = f"{HOME}/circuit-boards/version/v7/1793520000000"
LOGOS = f"{HOME}/brands/version/v2/1793520000001"
OTHERS = {
    status: f"{HOME}/packaging/version/{status.lower()}/{1793520000010 + place}"
    for place, status in enumerate(("STARTING", "RUNNING", "STOPPING"))
}
"""Versions of a project that is configured as a whole, by the status that tests put them into."""
MODELS = (DEFECTS, LOGOS, *OTHERS.values())
CONFIGURATION = Configuration(
    {
        "models": [
            {
                "name": "defects",
                "project_version_arn": DEFECTS,
                "schedules": [
                    {
                        "name": "office-hours",
                        "start": "30 7 ? * MON-FRI *",
                        "stop": "0 18 ? * MON-FRI *",
                        "time_zone": "Europe/Berlin",
                    }
                ],
            },
            {"name": "logos", "project_version_arn": LOGOS, "min_inference_units": 2},
        ],
        "projects": ["packaging"],
        "notification_emails": ["ml-operators@example.com"],
    }
)
