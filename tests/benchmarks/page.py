"""README.md of this folder: the last tables of all benchmarks, from build/benchmarks/."""

import json
from pathlib import Path

from measure import FOLDER, markdown

PAGE = Path(__file__).with_name("README.md")
START = "<!-- The last tables: `make benchmark` writes what follows. -->"


def main() -> None:
    """Replace what stands behind the mark."""
    head = PAGE.read_text().split(START)[0]
    parts = [head + START]
    for path in sorted(FOLDER.glob("*.json")):
        content = json.loads(path.read_text())
        machine = ", ".join(f"{key}: {value}" for key, value in content["machine"].items())
        parts += [f"## {path.stem}.py", f"*{machine}*"]
        parts += [markdown(title, rows) for title, rows in content["tables"].items()]
    PAGE.write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
