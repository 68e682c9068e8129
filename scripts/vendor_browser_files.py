"""Copy third-party browser files into static/buka/ and tests/browser/, and the faces of documents, with their licences.

The versions are those of package-lock.json. Run it after moving a version or adding an icon:
`python scripts/vendor_browser_files.py`. It needs Node's npm and the development requirements. What it writes is kept
in the repository, so running Buka needs neither.
"""

import re
import shutil
import subprocess
from pathlib import Path

from fontTools import subset
from fontTools.otlLib.builder import buildPairPosGlyphs, buildValue
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
STATIC = ROOT / "static" / "buka"
DOCUMENTS = ROOT / "platform" / "core" / "pdf" / "fonts"
AXE = ROOT / "tests" / "browser" / "axe"  # looks for barriers in pages; only the tests need it

# Only the icons that pages use: every one is bytes on a diner's data plan.
ICONS = """
    armchair arrow-left arrow-right ban banknote cake calendar-days calendar-plus check chevron-down chevron-left
    chevron-right circle-alert circle-check clock copy external-link flame globe hourglass info key-round landmark
    log-in log-out mail map-pin menu moon-star navigation party-popper pencil phone printer refresh-cw search
    share-2 sliders-horizontal smartphone soup store sun-moon ticket triangle-alert user-round users utensils wallet
    wheat x
""".split()  # noqa: SIM905


FONT = MODULES / "@expo-google-fonts/merriweather/900Black/Merriweather_900Black.ttf"
# Hausa, Yoruba and Igbo beside Western European letters; marks are combined by the font's own features.
FONT_LETTERS = (
    "".join(map(chr, range(0x20, 0x7F)))
    + "ÀÁÂÄÇÈÉÊËÌÍÎÏÑÒÓÔÖÙÚÛÜŒßàáâäçèéêëìíîïñòóôöùúûüÿœ¡¿«»"
    + "ẸẹỌọṢṣỊịỤụṄṅǸǹŃńḾḿƁɓƊɗƘƙƳƴĀāĒēĪīŌōŪūʼ"
    + "\u0300\u0301\u0304\u0323\u00a0₦·–—‘’“”…•×&"
)
FONT_FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl"]
# The full kerning weighs more than the letters. Pairs moved by less than this, in units of 2,000 to the em, go.
SMALLEST_KERN = 55

# The faces of documents: what is printed as PDF. Cut to Latin letters with their marks, and to Arabic with Ajami.
DOCUMENT_FONTS = {
    "buka-document": ("noto-sans", "NotoSans"),
    "buka-document-arabic": ("noto-sans-arabic", "NotoSansArabic"),
}
DOCUMENT_LETTERS = [
    *range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x180, 0x2BD), *range(0x300, 0x370), *range(0x600, 0x700),
    *range(0x750, 0x780), *range(0x8A0, 0x900), *range(0x1E00, 0x1F00), *range(0x2000, 0x2070), 0x20A6, 0x20AC,
    0x2116, 0x2122, 0x2212, 0x25CC, 0xFFFD,
]  # fmt: skip
DOCUMENT_FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl", "init", "medi", "fina", "isol", "rlig", "liga", "calt"]


def main() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm was not found. Install Node.js 20 or newer, then run this again.")
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=ROOT, check=True)  # noqa: S603
    write_sprite(STATIC / "icons.svg")
    write_font(STATIC / "fonts" / "buka-display.woff2")
    for name, (package, family) in DOCUMENT_FONTS.items():
        for weight, style in (("regular", "400Regular"), ("bold", "700Bold")):
            source = MODULES / f"@expo-google-fonts/{package}/{style}/{family}_{style}.ttf"
            write_document_font(source, DOCUMENTS / f"{name}-{weight}.ttf")
        shutil.copy(MODULES / f"@expo-google-fonts/{package}/LICENSE_FONT", DOCUMENTS / f"{package}-licence.txt")
    licences = STATIC / "licences"
    licences.mkdir(parents=True, exist_ok=True)
    shutil.copy(MODULES / "lucide-static/LICENSE", licences / "lucide.txt")
    shutil.copy(FONT.parent.parent / "LICENSE_FONT", licences / "merriweather.txt")
    AXE.mkdir(parents=True, exist_ok=True)
    for name in ("axe.min.js", "LICENSE"):
        shutil.copy(MODULES / "axe-core" / name, AXE / name)


def write_sprite(target: Path) -> None:
    """Write one SVG whose symbols are the icons; the strokes' look is set by the `.icon` class."""
    symbols = []
    for name in ICONS:
        source = (MODULES / f"lucide-static/icons/{name}.svg").read_text()
        drawing = re.search(r"<svg[^>]*>(.*)</svg>", source, re.DOTALL)
        if drawing is None:
            raise SystemExit(f"The icon {name} has no drawing; has lucide-static changed its form?")
        shapes = re.sub(r"\s*\n\s*", "", drawing[1]).replace(" />", "/>")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    target.write_text(
        "<!-- Lucide icons, ISC licence: licences/lucide.txt -->"
        f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'
    )
    print(f"{target.relative_to(ROOT)}: {len(ICONS)} icons, {target.stat().st_size:,} bytes")


def write_font(target: Path) -> None:
    """Write the display face: Merriweather Black, cut down to the letters Buka's headings need.

    The family is renamed, as the Open Font Licence asks of changed copies of a font with a reserved name.
    """
    options = subset.Options()
    options.layout_features = FONT_FEATURES
    options.flavor = "woff2"
    options.hinting = False
    options.desubroutinize = True
    options.name_IDs = [0, 1, 2, 3, 4, 6, 13, 14]
    options.notdef_outline = True
    font = TTFont(FONT)
    missing = [letter for letter in FONT_LETTERS if ord(letter) not in font.getBestCmap()]
    if missing:
        raise SystemExit(f"{FONT.name} lacks {' '.join(missing)}")
    cutter = subset.Subsetter(options)
    cutter.populate(text=FONT_LETTERS)
    cutter.subset(font)
    keep_only_visible_kerning(font)
    for record in font["name"].names:
        if record.nameID in (1, 3, 4, 6):
            record.string = "BukaDisplay" if record.nameID == 6 else "Buka Display"
    target.parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, target, options)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")


def write_document_font(source: Path, target: Path) -> None:
    """Write a face of documents: plain TrueType without hints, as a PDF embeds it."""
    options = subset.Options()
    options.layout_features = DOCUMENT_FEATURES
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 6, 13, 14]
    font = TTFont(source)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=DOCUMENT_LETTERS)
    cutter.subset(font)
    target.parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, target, options)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")


def keep_only_visible_kerning(font: TTFont) -> None:
    letters = [name for code, name in font.getBestCmap().items() if chr(code).isalpha() or chr(code) in ",.’"]
    table = font["GPOS"].table
    kerning = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "kern"
        for index in record.Feature.LookupListIndex
    }
    for index in kerning:
        lookup = table.LookupList.Lookup[index]
        subtables = [getattr(each, "ExtSubTable", each) for each in lookup.SubTable]
        pairs = {
            (left, right): (buildValue({"XAdvance": moved}), None)
            for left in letters
            for right in letters
            if abs(moved := kern_of(subtables, left, right)) >= SMALLEST_KERN
        }
        lookup.LookupType = 2
        lookup.SubTable = buildPairPosGlyphs(pairs, font.getReverseGlyphMap())
        lookup.SubTableCount = len(lookup.SubTable)


def kern_of(subtables: list, left: str, right: str) -> int:
    """Return how far the first subtable that knows the pair moves it, as a shaper would."""
    for subtable in subtables:
        if left not in subtable.Coverage.glyphs:
            continue
        if subtable.Format == 1:
            pairs = subtable.PairSet[subtable.Coverage.glyphs.index(left)].PairValueRecord
            found = next((pair for pair in pairs if pair.SecondGlyph == right), None)
            if found is None:
                continue
            value = found.Value1
        else:
            row = subtable.Class1Record[subtable.ClassDef1.classDefs.get(left, 0)]
            value = row.Class2Record[subtable.ClassDef2.classDefs.get(right, 0)].Value1
        return getattr(value, "XAdvance", 0) or 0
    return 0


if __name__ == "__main__":
    main()
