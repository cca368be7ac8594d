"""What the ranks of a run said, without what mpirun adds."""
import re


def of_ranks(stderr):
    """Lines of stderr but mpirun's own: blocks between lines of dashes, of which one can come before what a rank said at its
    end, and lines that begin with a host and process in brackets."""
    others = re.sub(r"^-{20,}$.*?^-{20,}$", "", stderr, flags=re.MULTILINE | re.DOTALL)
    said = [line for line in stderr.splitlines() if line.startswith("spikecast: ")]
    return said + [line for line in others.splitlines()
                   if line.strip() and not line.startswith("spikecast: ") and not re.match(r"\[\S+:\d+\]", line)]
