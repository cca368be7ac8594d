"""What the ranks of a run said, without what mpirun adds."""
import re


def of_ranks(stderr):
    """Lines of stderr but mpirun's own: blocks between lines of dashes, of which one can come before what a rank said at its
    end, and, after a block, lines that begin with a host and process in brackets."""
    rule = r"^-{20,}$"
    first, *rest = re.split(rf"{rule}.*?{rule}", stderr, flags=re.MULTILINE | re.DOTALL)
    lines = first.splitlines() + [line for part in rest for line in part.splitlines() if not re.match(r"\[\S+:\d+\]", line)]
    said = [line for line in stderr.splitlines() if line.startswith("spikecast: ")]  # perhaps in the midst of a block
    return said + [line for line in lines if line.strip() and not line.startswith("spikecast: ")]
