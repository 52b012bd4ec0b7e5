"""docs/troubleshooting.md is what the catalogue says."""

import re
import subprocess
import sys
from pathlib import Path

from telpher.observe.diagnosis.catalogue import Catalogue

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/troubleshooting.md"


def test_the_page_is_current():
    command = [sys.executable, str(ROOT / "scripts/troubleshooting"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_entry_has_a_place_that_its_anchor_leads_to():
    anchors = re.findall(r'<a id="([^"]+)"></a>', PAGE.read_text())
    assert anchors == [each.key for each in Catalogue.shipped()]
    assert all(each.anchor == f"docs/troubleshooting.md#{each.key}" for each in Catalogue.shipped())
