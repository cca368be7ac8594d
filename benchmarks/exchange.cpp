// Exchange: the fixed cost of an epoch, and what packets add to it.
//
//   exchange/one_rank/packets:P        Exchanger::exchange on one rank, P packets: no MPI call, packets unpacked in
//   place exchange/<scheme>/packets:P        the same on R ranks (mpirun -n R kernels_benchmark), P packets to each of
//   the others exchange/bare/packets:P            the floor: one MPI_Alltoallv of counts that everybody knows
//   exchange/barrier                   the two barriers of an epoch, on 2 threads of one rank
//   exchange/clock                     a reading of the clock, of which a step of a run makes two
//
// Unit: ns per epoch. On R > 1 ranks the difference of a scheme to bare is the first collective, which tells counts and
// errors. More ranks than cores measure the scheduler: expect 10 us to 1 ms.
#include "benchmarks/kernel.hpp"
#include "engine/exchange/exchanger.hpp"
#include "engine/simulation/team.hpp"

#include <fmt/core.h>

#include <chrono>
#include <numeric>

namespace spikecast::bench {
namespace {

constexpr std::uint64_t epochs = 100; ///< a repetition

int ranks() {
    int n = 1;
    MPI_Comm_size(MPI_COMM_WORLD, &n);
    return n;
}

class ExchangeJob final : public Job {
public:
    ExchangeJob(ExchangeKind kind, std::size_t packets)
        : packets_(packets), out_(1, std::vector<std::vector<std::uint32_t>>(static_cast<std::size_t>(ranks()))),
          exchanger_(MPI_COMM_WORLD, kind, std::vector<bool>(out_[0].size(), true), 1U << 20, 1, wall_seconds) {
        run();
    }
    std::uint64_t run() override {
        for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) {
            for (auto& packets : out_[0])
                for (std::size_t i = 0; i < packets_; ++i)
                    exchanger_.pack(packets, static_cast<std::uint32_t>(i), 0);
            in_.clear();
            exchanger_.exchange(out_, false, in_, error_);
        }
        return epochs;
    }

private:
    std::size_t packets_;
    std::vector<std::vector<std::vector<std::uint32_t>>> out_;
    std::vector<std::uint64_t> in_;
    std::string error_;
    Exchanger exchanger_;
};

class BareExchange final : public Job {
public:
    explicit BareExchange(std::size_t packets)
        : counts_(static_cast<std::size_t>(ranks()), static_cast<int>(packets)), starts_(counts_.size()),
          out_(packets * counts_.size()), in_(out_.size()) {
        std::exclusive_scan(counts_.begin(), counts_.end(), starts_.begin(), 0);
        run();
    }
    std::uint64_t run() override {
        for (std::uint64_t epoch = 0; epoch < epochs; ++epoch)
            MPI_Alltoallv(out_.data(), counts_.data(), starts_.data(), MPI_UINT32_T, in_.data(), counts_.data(),
                          starts_.data(), MPI_UINT32_T, MPI_COMM_WORLD);
        return epochs;
    }

private:
    std::vector<int> counts_, starts_;
    std::vector<std::uint32_t> out_, in_;
};

} // namespace

void add_exchange(Kernels& kernels) {
    const bool alone = ranks() == 1;
    for (const std::size_t packets : {0U, 10U, 100U, 1000U}) {
        Kernel kernel;
        kernel.unit = "epoch";
        kernel.collective = !alone;
        kernel.repeats = 50;
        const auto add = [&](const std::string& scheme, std::function<std::unique_ptr<Job>()> make) {
            kernel.name = fmt::format("exchange/{}/packets:{}", scheme, packets);
            kernel.make = [make = std::move(make)](std::uint32_t, std::uint32_t) { return make(); };
            kernels.push_back(kernel);
        };
        if (alone) {
            kernel.counted = packets == 0 || packets == 100;
            add("one_rank", [packets] { return std::make_unique<ExchangeJob>(ExchangeKind::alltoall, packets); });
            continue;
        }
        add("alltoall", [packets] { return std::make_unique<ExchangeJob>(ExchangeKind::alltoall, packets); });
        add("neighbour", [packets] { return std::make_unique<ExchangeJob>(ExchangeKind::neighbour, packets); });
        add("bare", [packets] { return std::make_unique<BareExchange>(packets); });
    }
    if (!alone) return;
    Kernel barrier;
    barrier.name = "exchange/barrier";
    barrier.unit = "epoch";
    barrier.threads = {2};
    barrier.repeats = 2000; // as many for both
    barrier.make = [](std::uint32_t, std::uint32_t threads) {
        static Barrier shared(2, true);
        return job([threads] {
            if (threads != 2) return epochs; // the others never come
            for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) {
                shared.arrive_and_wait();
                shared.arrive_and_wait();
            }
            return epochs;
        });
    };
    kernels.push_back(std::move(barrier));
    Kernel clock;
    clock.name = "exchange/clock";
    clock.unit = "reading";
    clock.make = [](std::uint32_t, std::uint32_t) {
        return job([] {
            auto last = std::chrono::steady_clock::now();
            for (std::uint64_t i = 1; i < epochs; ++i)
                last = std::max(last, std::chrono::steady_clock::now());
            return last.time_since_epoch().count() == 0 ? std::uint64_t{0} : epochs;
        });
    };
    kernels.push_back(std::move(clock));
}

} // namespace spikecast::bench
