"""A part of the composition root: who hears of troubles, and who is asked about them."""

from __future__ import annotations

from telpher.clock import Clock
from telpher.config.settings import Settings
from telpher.jobs.alarms import Alarms, Report
from telpher.observe.diagnosis.adviser import Adviser, Service
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.diagnosis.question import Questions
from telpher.observe.troubles import Troubles


def raise_alarms(settings: Settings, troubles: Troubles, report: Report, clock: Clock) -> Alarms:
    """The alarms, with the service of DIAGNOSIS_API_URL where there is one."""
    if not settings.diagnosis_api_url:
        return Alarms(troubles, report, clock)
    key = settings.diagnosis_api_key
    service = Service(
        settings.diagnosis_api_url,
        key.get_secret_value() if key else "",
        settings.diagnosis_api_model or "",
    )
    questions = Questions(Catalogue.shipped())
    return Alarms(troubles, report, clock, questions, Adviser(service, clock))
