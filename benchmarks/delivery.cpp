// Delivery: the microcircuit's rows, worked off as its published rates ask for.
//
//   deliver/<format>/scale:S/engine   Worker::arrive and Worker::deliver, step after step; a step is an epoch, as there
//   deliver/<format>/scale:S/bare     the same segments in the same order, from one flat list: prefetch, load, add
//
// Formats: compact is single precision with 16-bit weights (4 bytes a synapse), float32 is double precision with 32-bit
// weights (6 bytes). S scales both neurons and indegrees, so that rows and their segments get shorter with it: at 1 a
// segment has tens of synapses, at 0.1 a few, and what a segment costs shows. threads:2 has both workers busy, each
// with its half of the network.
//
// Unit: ns per synaptic event. Read /engine beside /bare of the same format, scale and threads: bare / engine is the
// share of the roofline's rate. What the engine has on top is the calendar: directory entries read, calendar entries
// written and read back. /bare reads the same 8 bytes a segment that the calendar holds.
#include "benchmarks/kernel.hpp"
#include "benchmarks/networks.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace spikecast::bench {
namespace {

template <class T, class W>
class EngineDelivery final : public Job {
public:
    EngineDelivery(std::shared_ptr<Network<T, W>> network, std::uint32_t worker)
        : network_(std::move(network)), worker_(network_->make_worker(worker)) {
        run(); // fills the calendar
    }
    std::uint64_t run() override {
        const std::uint64_t before = worker_->events;
        for (const std::vector<std::uint64_t>& packets : network_->arrivals) {
            worker_->deliver(step_);
            worker_->arrive(packets, step_);
            ++step_;
        }
        if (++runs_ % 64 == 0) worker_->update(step_, 0, out_); // takes the sums, which integers couldn't hold for ever
        return worker_->events - before;
    }

private:
    std::shared_ptr<Network<T, W>> network_;
    std::unique_ptr<Worker<T, W>> worker_;
    std::vector<std::vector<std::uint32_t>> out_{1};
    std::int64_t step_ = 0;
    std::uint64_t runs_ = 0;
};

template <class T, class W>
class BareDelivery final : public Job {
public:
    using Accumulator = typename Worker<T, W>::Accumulator;

    BareDelivery(std::shared_ptr<Network<T, W>> network, std::uint32_t worker)
        : network_(std::move(network)), rows_(network_->network.rows[worker]) {
        const std::uint32_t neurons = network_->network.layouts[worker].neurons();
        const std::uint32_t blocks = (neurons + 0xffffU) >> 16;
        for (std::uint32_t r = 0; r < network_->plan.receptors; ++r) {
            accumulators_.emplace_back(neurons + 64);
            for (std::uint32_t b = 0; b < blocks; ++b)
                lanes_.push_back(accumulators_.back().data() + (std::size_t{b} << 16));
        }
        // What falls due in each step once the cycle has come round: lane by lane, what was emitted earliest first.
        constexpr auto cycle = static_cast<std::size_t>(Network<T, W>::cycle);
        const std::size_t longest = network_->plan.max_delay;
        std::vector<std::vector<std::uint64_t>> of_lane(lanes_.size());
        for (std::size_t step = 0; step < cycle; ++step) {
            for (std::size_t delay = longest; delay > 0; --delay) {
                const std::size_t emitted = (step + (longest / cycle + 1) * cycle - delay) % cycle;
                for (const std::uint64_t row : network_->arrivals[emitted]) {
                    std::uint64_t offset = rows_.begin[row];
                    for (std::uint32_t i = rows_.directory_begin[row]; i < rows_.directory_begin[row + 1]; ++i) {
                        const Segment& segment = rows_.directory[i];
                        if (segment.delay == delay) {
                            of_lane[segment.lane].push_back(offset << 28 | std::uint64_t{segment.lane} << 16 |
                                                            segment.count);
                            events_ += segment.count;
                        }
                        offset += segment.count;
                    }
                }
            }
            for (std::vector<std::uint64_t>& due : of_lane) {
                due_.insert(due_.end(), due.begin(), due.end());
                due.clear();
            }
        }
        for (std::size_t i = 0; i < ahead; ++i) // a prefetch of what isn't needed saves a branch
            due_.push_back(0);
        run();
    }
    std::uint64_t run() override {
        const Synapse<W>* const synapses = rows_.synapses.data();
        for (std::size_t i = 0; i + ahead < due_.size(); ++i) {
            const std::uint64_t coming = due_[i + ahead];
            const char* const first = reinterpret_cast<const char*>(synapses + (coming >> 28));
            const std::size_t last = (coming & 0xffff) * sizeof(Synapse<W>); // beyond a segment of nothing too
            for (std::size_t line = 0; line < 5; ++line)
                __builtin_prefetch(first + std::min(line * 64, last), 0, 0);
            const Synapse<W>* s = synapses + (due_[i] >> 28);
            const Synapse<W>* const end = s + (due_[i] & 0xffff);
            Accumulator* const lane = lanes_[(due_[i] >> 16) & 0xfff];
            for (; s != end; ++s)
                lane[s->target] += static_cast<Accumulator>(s->weight);
        }
        if (++runs_ % 64 == 0)
            for (HugeBuffer<Accumulator>& sums : accumulators_)
                std::fill_n(sums.data(), sums.size(), Accumulator{0});
        return events_;
    }

private:
    static constexpr std::size_t ahead = 16;
    std::shared_ptr<Network<T, W>> network_;
    const SynapseRows<W>& rows_;
    std::vector<HugeBuffer<Accumulator>> accumulators_;
    std::vector<Accumulator*> lanes_;
    std::vector<std::uint64_t> due_; ///< synapse offset : 36 | lane : 12 | count : 16, in the engine's order
    std::uint64_t events_ = 0, runs_ = 0;
};

template <class T, class W>
void add(Kernels& kernels, const std::string& format) {
    for (const double scale : {0.1, 0.3, 1.0}) {
        Kernel kernel;
        kernel.unit = "synaptic event";
        kernel.threads = {1, 2};
        kernel.large = scale > 0.1;
        kernel.counted = !kernel.large;
        const std::string name = fmt::format("deliver/{}/scale:{}", format, scale);
        kernel.name = name + "/engine";
        kernel.make = [scale](std::uint32_t thread, std::uint32_t threads) -> std::unique_ptr<Job> {
            return std::make_unique<EngineDelivery<T, W>>(microcircuit<T, W>(scale, scale, threads), thread);
        };
        kernels.push_back(kernel);
        kernel.name = name + "/bare";
        kernel.counted = false;
        kernel.make = [scale](std::uint32_t thread, std::uint32_t threads) -> std::unique_ptr<Job> {
            return std::make_unique<BareDelivery<T, W>>(microcircuit<T, W>(scale, scale, threads), thread);
        };
        kernels.push_back(kernel);
    }
}

} // namespace

void add_delivery(Kernels& kernels) {
    add<float, std::int16_t>(kernels, "compact");
    add<double, float>(kernels, "float32");
}

} // namespace spikecast::bench
