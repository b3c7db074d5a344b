"""What axe-core finds wrong with a page, wide in light colours and on a phone in dark ones."""

from playwright.sync_api import Page

from tests.stack import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"  # brought by npm with the pages' other packages
LOOKS = ((1440, 900, "light"), (390, 844, "dark"))
RUN = """() => axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target}: ${node.failureSummary}`)))"""
TOO_WIDE = "() => document.documentElement.scrollWidth - window.innerWidth"


def complaints(page: Page) -> list[str]:
    """Of the page as it stands; also that it is wider than its window."""
    before, found = page.viewport_size, []
    page.evaluate(AXE.read_text())
    for width, height, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": height})
        # Colours in the middle of a transition have no contrast to judge.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        said = list(page.evaluate(RUN))
        if page.evaluate(TOO_WIDE) > 0:
            said.append("is wider than the window")
        found += [f"{page.url}, {width} px, {scheme}: {line}" for line in said]
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    if before:
        page.set_viewport_size(before)
    return found
