#include "partitioners/spinnaker/traffic.hpp"

#include <fmt/core.h>

#include <cmath>
#include <utility>

namespace spikecast::mapping {

std::vector<Diagnostic> wrong_settings(const TrafficSettings& s) {
    std::vector<Diagnostic> wrong;
    const auto need = [&](bool right, const char* what, double value, const char* rule) {
        if (!right)
            wrong.push_back({{"<code>"},
                             fmt::format("traffic.{}", what),
                             fmt::format("{} = {}, but {}", what, value, rule),
                             "choose a value within bounds"});
    };
    const auto positive = [&](double v, const char* what) {
        need(v > 0.0 && std::isfinite(v), what, v, "it must be positive");
    };
    const auto not_negative = [&](double v, const char* what) {
        need(v >= 0.0 && std::isfinite(v), what, v, "it must not be negative");
    };
    positive(s.router_mhz, "router_mhz");
    need(s.router_mhz <= 1e5, "router_mhz", s.router_mhz, "it must be at most 1e5");
    need(s.pipeline_cycles >= 1 && s.pipeline_cycles <= most_pipeline_cycles, "pipeline_cycles", s.pipeline_cycles,
         "it must be 1 to 16");
    positive(s.link_mbit_s, "link_mbit_s");
    positive(s.board_link_mbit_s, "board_link_mbit_s");
    not_negative(s.board_latency_ns, "board_latency_ns");
    need(s.output_buffer >= 1 && s.output_buffer <= 1000, "output_buffer", s.output_buffer, "it must be 1 to 1000");
    need(s.input_buffer >= 1 && s.input_buffer <= 1000, "input_buffer", s.input_buffer, "it must be 1 to 1000");
    need(s.wait_cycles >= 1, "wait_cycles", s.wait_cycles, "it must be at least 1");
    need(s.emergency_wait_cycles >= 1, "emergency_wait_cycles", s.emergency_wait_cycles, "it must be at least 1");
    need(s.reinject_queue >= 1, "reinject_queue", s.reinject_queue, "it must be at least 1");
    positive(s.reinject_interval_us, "reinject_interval_us");
    not_negative(s.phase_ms, "phase_ms");
    positive(s.step_ms, "step_ms");
    not_negative(s.drain_ms, "drain_ms");
    not_negative(s.link_pj_per_bit, "link_pj_per_bit");
    not_negative(s.chip_idle_w, "chip_idle_w");
    not_negative(s.chip_busy_w, "chip_busy_w");
    not_negative(s.board_fpgas_w, "board_fpgas_w");
    return wrong;
}

} // namespace spikecast::mapping
