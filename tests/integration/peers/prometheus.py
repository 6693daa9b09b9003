# SPDX-License-Identifier: MIT
"""What Prometheus reads, read strictly (text format 0.0.4)."""
import re

NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
TYPES = {"counter", "gauge", "histogram"}


class Metrics:
    """The text format 0.0.4, read strictly: what it allows but usher has no
    need of is an error, too."""

    def __init__(self, text):
        self.types = {}
        self.helps = {}
        self.values = {}
        assert text.endswith("\n") and "\r" not in text
        for line in text.split("\n")[:-1]:
            self._read(line)
        for name, kind in self.types.items():
            if kind == "histogram":
                self._check_histogram(name)

    def _read(self, line):
        if not line.startswith("#"):
            return self._read_sample(line)
        _, what, name, rest = line.split(" ", 3)
        assert re.fullmatch(NAME, name) and rest.strip() == rest and rest
        told = {"HELP": self.helps, "TYPE": self.types}[what]
        assert name not in told, f"{what} of {name} twice"
        told[name] = rest
        if what == "TYPE":
            assert rest in TYPES and list(self.helps)[-1] == name
        return None

    def _read_sample(self, line):
        found = SAMPLE.fullmatch(line)
        assert found, f"no sample: {line}"
        name, labels, value = found[1], found[2] or "", found.groups()[-1]
        newest = list(self.types)[-1]
        belongs = {newest} if self.types[newest] != "histogram" else {
            f"{newest}_{part}" for part in ("bucket", "sum", "count")}
        assert name in belongs, f"{name} behind the type of {newest}"
        key = (name, tuple(sorted(re.findall(LABEL, labels))))
        assert len(dict(key[1])) == len(key[1]), f"a label twice: {line}"
        assert key not in self.values, f"twice: {line}"
        self.values[key] = float(value)
        assert self.types[newest] == "gauge" or self.values[key] >= 0, line

    def _check_histogram(self, name):
        series = {}
        for (own, labels), value in self.values.items():
            if own == f"{name}_bucket":
                rest = dict(labels)
                bound = float(rest.pop("le"))
                series.setdefault(tuple(sorted(rest.items())), []).append(
                    (bound, value))
        assert series, f"{name} is empty"
        for labels, buckets in series.items():
            bounds, counts = zip(*buckets)
            assert list(bounds) == sorted(set(bounds)), buckets
            assert list(counts) == sorted(counts), buckets
            assert bounds[-1] == float("inf")
            assert counts[-1] == self.values[f"{name}_count", labels]
            assert (f"{name}_sum", labels) in self.values

    def get(self, name, **labels):
        """None when there is no such series."""
        return self.values.get((name, tuple(sorted(labels.items()))))

    def labels(self, name):
        return [dict(labels) for own, labels in self.values if own == name]
