"""Renders the golden cases with Jinja2 itself and compares: the expectations are Jinja's, not ours.

Left out: err_* (our own words) and ext_* (what hosts add to the language). Exits 1 at a difference
and when Jinja2 is missing. Needs Debian's python3-jinja2; written against 3.1.2.
"""
import json
import pathlib
import sys

try:
    import jinja2
except ImportError:
    sys.exit("differential.py needs Jinja2: install python3-jinja2")

FOLDER = pathlib.Path(__file__).parent
CASES_MIN = 60


def render(source, variables):
    environment = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
    # Jinja escapes for HTML inside these two only; its marked strings then print the same text.
    return environment.from_string(source).render(**variables)


def main():
    compared, differing = 0, 0
    for path in sorted(FOLDER.glob("*.txt")):
        if path.stem.startswith(("err_", "ext_", "CMakeLists")):
            continue
        # newline="" keeps line ends as they are: cases about \r\n exist.
        with open(path, encoding="utf-8", newline="") as file:
            context, source = file.read().split("\n---\n", 1)
        with open(path.with_suffix(".expected"), encoding="utf-8", newline="") as file:
            expected = file.read()
        try:
            reference = render(source, json.loads(context)) + "\n"
        except Exception as error:  # the reference refuses what we render: a difference too
            reference = f"{type(error).__name__}: {error}\n"
        compared += 1
        if reference != expected:
            differing += 1
            print(f"{path.stem}\n  Jinja2:   {reference!r}\n  expected: {expected!r}")
    print(f"{compared} cases compared with Jinja2 {jinja2.__version__}, {differing} differ")
    if compared < CASES_MIN:
        sys.exit(f"only {compared} cases were found; at least {CASES_MIN} must be")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
