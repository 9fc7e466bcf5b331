"""Sends the cases to plain uvicorn as well, and prints the differences as a table for docs/http.md.

python -m tests.rfc.compare
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from .cases import CASES, Case
from .exchange import CONNECTION, exchange, fits, serving

SERVERS = {"this service": CONNECTION, "uvicorn, httptools": "httptools", "uvicorn, h11": "h11"}


def outcomes(http: str) -> list[str]:
    """Return the outcome of each case; `-` means that there is no response within 1.5 seconds."""
    with (
        TemporaryDirectory() as folder,
        serving(http, Path(folder)) as port,
        ThreadPoolExecutor(8) as threads,
    ):
        return list(
            threads.map(lambda case: exchange(port, case.data, case.expected, timeout=1.5).outcome, CASES)
        )


def smuggled(case: Case, outcome: str) -> bool:
    """Return whether there are more successful responses than requests that the RFC allows to be read."""
    return len(outcome.split(" ")) > len(case.expected.split(" "))


def main() -> None:
    results = {name: outcomes(http) for name, http in SERVERS.items()}
    total = Counter(case.section for case in CASES)
    print("| kind | requests |" + "".join(f" {name} |" for name in SERVERS))
    print("|---|--:|" + "--:|" * len(SERVERS))
    for section, count in total.items():
        wrong = [
            sum(
                case.section == section and not fits(case.expected, outcome)
                for case, outcome in zip(CASES, results[name], strict=True)
            )
            for name in SERVERS
        ]
        print(f"| {section} | {count} |" + "".join(f" {number or '·'} |" for number in wrong))
    wrong = [
        sum(not fits(case.expected, outcome) for case, outcome in zip(CASES, results[name], strict=True))
        for name in SERVERS
    ]
    print(f"| all | {len(CASES)} |" + "".join(f" {number or '·'} |" for number in wrong))
    for name in SERVERS:
        print(f"\n{name}:")
        for case, outcome in zip(CASES, results[name], strict=True):
            if not fits(case.expected, outcome):
                mark = " MORE RESPONSES" if smuggled(case, outcome) else ""
                print(f"  {case.section}: {case.name}: {outcome} instead of {case.expected}{mark}")


if __name__ == "__main__":
    main()
