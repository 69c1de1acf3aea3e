"""Look of the report on screen, on A4 and in grey. Text contrast is 4.5 or better everywhere."""

from __future__ import annotations

CSS = """
:root { --ink: #1b1f24; --soft: #4a5158; --line: #b9c0c7; --paper: #ffffff; --band: #eef1f4; }
* { box-sizing: border-box; }
html { font: 15px/1.45 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif;
  color: var(--ink); background: var(--paper); }
body { max-width: 1180px; margin: 0 auto; padding: 1rem 1.5rem 3rem; }
h1 { font-size: 1.6rem; margin: .2rem 0 .1rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; padding-bottom: .2rem;
  border-bottom: 2px solid var(--ink); }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
p, ul, ol { margin: .4rem 0; }
.soft, figcaption, .interval, small { color: var(--soft); }
small, .interval { font-size: .86em; font-weight: 400; }
td, th { line-height: 1.3; }
td small, th small { display: inline-block; line-height: 1.25; }
.warning, .approval { border: 2px solid var(--ink); padding: .5rem .8rem; margin: .6rem 0;
  font-weight: 600; }
.approval { border: 3px double #8a0f10; color: #8a0f10; }
.not-approved::before { content: "DRAFT, NOT APPROVED"; position: fixed; top: 45%; left: 0;
  right: 0; text-align: center; font-size: 3.4rem; font-weight: 700; letter-spacing: .06em;
  color: rgba(138, 15, 16, .11); transform: rotate(-28deg); pointer-events: none; z-index: -1; }
dl.facts { display: flex; flex-wrap: wrap; gap: .2rem 2rem; margin: .5rem 0; }
dl.facts div { display: flex; gap: .4rem; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.headline { font-size: 1.15rem; font-weight: 700; margin: .4rem 0; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; margin: .5rem 0; padding: 0;
  list-style: none; }
.scroll { overflow-x: auto; margin: .5rem 0 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
th, td { border-bottom: 1px solid var(--line); padding: .28rem .45rem; text-align: left;
  vertical-align: top; }
thead th { border-bottom: 2px solid var(--ink); background: var(--band); vertical-align: bottom; }
thead th.n { white-space: normal; }
tbody th { font-weight: 600; min-width: 7.6em; max-width: 15rem; overflow-wrap: break-word; }
.name { max-width: 12rem; overflow-wrap: break-word; }
.limits tbody th { min-width: 9.4em; }
.what { min-width: 9.5em; overflow-wrap: anywhere; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.n div { white-space: nowrap; }
.wrap { min-width: 6.5em; overflow-wrap: anywhere; }
.line { white-space: nowrap; }
.sum { background: var(--band); font-weight: 600; }
td.uid, span.uid { font: .8rem/1.4 "DejaVu Sans Mono", "Liberation Mono", Consolas, monospace;
  overflow-wrap: anywhere; }
.verdict { display: inline-flex; align-items: center; gap: .35em; padding: .05em .5em;
  border: 1.5px solid; border-radius: .3em; font-weight: 700; white-space: nowrap; }
.verdict svg { width: .85em; height: .85em; flex: none; }
.verdict + div { margin-top: .15em; }
.pass { color: #0b5a23; background: #e2f3e5; }
.marginal { color: #6b4300; background: #fff0cc; }
.fail { color: #8a0f10; background: #fbdcdb; border-width: 2.5px; }
.unknown { color: #3b4045; background: #ececec; border-style: dashed; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(25rem, 1fr)); gap: 1rem; }
figure { margin: 0; break-inside: avoid; }
figure img, figure svg { width: 100%; height: auto; display: block; }
figure img { background: #000000; }
figcaption { font-size: .85rem; margin-top: .25rem; }
figcaption b { color: var(--ink); }
.hand { border-left: 3px solid var(--line); padding-left: .8rem; margin: .8rem 0;
  break-inside: avoid; }
.hand ol { margin: .2rem 0; padding-left: 1.4rem; overflow-wrap: anywhere; }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 2.2rem 2rem; margin-top: 2.4rem; }
.sign div { border-top: 1px solid var(--ink); padding-top: .2rem; font-size: .85rem; }
@media print {
  html { font-size: 9pt; }
  body { max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  table { font-size: 7.6pt; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  th, td { padding: .16rem .3rem; }
  h2, h3, caption { break-after: avoid; }
  h2 { margin-top: 1.3rem; }
  .grid { grid-template-columns: 1fr 1fr; gap: .8rem; }
  #verdict { margin-top: .6rem; }
  section[aria-labelledby="verdict"] { break-after: page; }
  a { color: inherit; text-decoration: none; }
  td.what div { display: inline; margin-left: .5em; white-space: nowrap; }
  .limits .what { min-width: 13em; }
  .limits { font-size: 8.2pt; }
  details { display: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
@page { size: A4; margin: 14mm 13mm 16mm;
  @bottom-left { content: "PAGE_FOOT"; font: 7pt sans-serif; color: #4a5158; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 7pt sans-serif;
    color: #4a5158; } }
"""


def style_sheet(foot: str) -> str:
    """Return the CSS with the text of the foot of each printed page."""
    safe = "".join(c if c.isalnum() and c.isascii() else f"\\{ord(c):06x}" for c in foot)
    return CSS.replace("PAGE_FOOT", safe)
