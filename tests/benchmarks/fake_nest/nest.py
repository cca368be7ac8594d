"""Stands in for NEST where there is none: checks that it is called as NEST 3 wants it, and records the calls.

It holds the interface of PyNEST that scripts/nest/run.py uses, no more: anything else is an AttributeError. What NEST
refuses (unknown parameters of a model, a delay below the resolution, Run without Prepare) is refused. With
FAKE_NEST_LOG in the environment the calls are written there as JSON, one a line.
"""
import json
import os
import time

__version__ = "3.fake"

PARAMETERS = {
    "iaf_psc_exp": {"C_m", "tau_m", "tau_syn_ex", "tau_syn_in", "t_ref", "V_th", "E_L", "V_reset", "I_e", "V_m"},
    "iaf_psc_alpha": {"C_m", "tau_m", "tau_syn_ex", "tau_syn_in", "t_ref", "V_th", "E_L", "V_reset", "I_e", "V_m"},
    "iaf_psc_delta": {"C_m", "tau_m", "t_ref", "V_th", "E_L", "V_reset", "I_e", "V_m"},
    "poisson_generator": {"rate"},
}
SYNAPSES = {"static_synapse", "static_synapse_hpc"}

local_num_threads = None
resolution = None
rng_seed = None
num_processes = 1
num_connections = 0
local_spike_counter = 0
_prepared = False
_neurons = 0


def _log(what, **values):
    if os.environ.get("FAKE_NEST_LOG"):
        with open(os.environ["FAKE_NEST_LOG"], "a", encoding="utf-8") as f:
            f.write(json.dumps({"call": what, **values}, default=lambda x: x.__dict__) + "\n")


class Parameter:
    def __init__(self, kind, **values):
        self.kind, self.values = kind, values


class random:
    @staticmethod
    def normal(mean=0.0, std=1.0):
        assert std > 0.0
        return Parameter("normal", mean=mean, std=std)


class math:
    @staticmethod
    def redraw(x, min, max):
        assert isinstance(x, Parameter) and min < max
        return Parameter("redraw", of=x, min=min, max=max)


class NodeCollection:
    def __init__(self, model, size):
        self.model, self.size = model, size

    def __len__(self):
        return self.size

    def __add__(self, other):
        assert self.model == other.model
        return NodeCollection(self.model, self.size + other.size)


def set_verbosity(level):
    assert level in ("M_ERROR", "M_WARNING", "M_INFO")


def ResetKernel():
    _log("ResetKernel")


def Rank():
    return 0


def Create(model, n=1, params=None):
    global _neurons
    assert local_num_threads and resolution and rng_seed, "kernel attributes come before nodes"
    assert isinstance(n, int) and n > 0
    unknown = set(params or {}) - PARAMETERS[model]
    assert not unknown, f"{model} has no parameters {unknown}"
    if model != "poisson_generator":
        _neurons += n
    _log("Create", model=model, n=n, params=params)
    return NodeCollection(model, n)


def Connect(pre, post, conn_spec=None, syn_spec=None):
    global num_connections
    assert isinstance(pre, NodeCollection) and isinstance(post, NodeCollection)
    spec = {"rule": conn_spec} if isinstance(conn_spec, str) else dict(conn_spec)
    unknown = set(syn_spec) - {"synapse_model", "weight", "delay"}
    assert not unknown, f"synapses have no {unknown}"
    assert syn_spec.get("synapse_model", "static_synapse") in SYNAPSES
    delay = syn_spec["delay"]
    if isinstance(delay, Parameter):
        # what is drawn is rounded to steps: from half a step on that is at least one
        assert delay.kind == "redraw" and delay.values["min"] >= 0.5 * resolution
    else:
        assert delay >= resolution
    rule = spec.pop("rule")
    spec.pop("allow_autapses", None)
    number = {"all_to_all": lambda: len(pre) * len(post),
              "fixed_total_number": lambda: spec.pop("N"),
              "fixed_indegree": lambda: spec.pop("indegree") * len(post)}[rule]()
    assert not spec, f"{rule} has no {set(spec)}"
    assert isinstance(number, int)
    num_connections += number
    _log("Connect", pre=len(pre), post=len(post), rule=rule, number=number, weight=syn_spec["weight"], delay=delay)


def Prepare():
    global _prepared
    _prepared = True
    _log("Prepare")


def Run(ms):
    """Takes 50 ms for every 100 ms, and every neuron fires at 4 Hz."""
    global local_spike_counter
    assert _prepared, "Run called without calling Prepare"
    time.sleep(ms / 2e3)
    local_spike_counter = round(_neurons * 4.0 * ms / 1e3)
    _log("Run", ms=ms)


def Cleanup():
    global _prepared
    _prepared = False
    _log("Cleanup")
