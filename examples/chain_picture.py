"""Draw what a good rests on upstream, with its weakest link (needs matplotlib: pip install "resilience[plot]").

Run:  python examples/chain_picture.py [GOOD] [PICTURE]      the suffix, .png or .svg, decides the format
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import resilience
from resilience.output.pictures import chain_picture

CASE = Path(__file__).parent.parent / "models" / "g7-china.toml"


def main(good: str, picture: Path) -> None:
    """Solve the good with its inputs, print each link in words and save the picture."""
    result = resilience.solve(resilience.load(CASE, goods=[good]), rests=False)
    for link in result.chain.query("cutoff == 'ALL' and member == 'ALL'").itertuples():
        weakest = " (weakest link)" if link.weakest == "yes" else ""
        print(textwrap.fill(f"stage {link.stage:.0f}{weakest}: {link.text}", 100, subsequent_indent="  "))
    chain_picture(result, good, picture)
    print("written:", picture)


if __name__ == "__main__":
    main(
        sys.argv[1] if len(sys.argv) > 1 else "magnets",
        Path(sys.argv[2]) if len(sys.argv) > 2 else Path("chain_picture.png"),
    )
