#include "engine/build/routes.hpp"

#include "engine/build/huge_buffer.hpp"
#include "engine/build/transposed.hpp"
#include "engine/exchange/collective.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>
#include <optional>
#include <span>

namespace spikecast {

namespace {

/// What a rank that hears a source tells the rank that owns it.
struct Telling {
    std::uint32_t thread_population; ///< thread << 20 | population
    std::uint32_t local;
    std::uint32_t row;
};
/// The same as it is kept by the owner until its routes are sorted.
struct Told {
    std::uint32_t neuron; ///< of the rank, all its workers counted through
    std::uint32_t rank;
    std::uint32_t row;
};
static_assert(sizeof(Telling) == 12 && sizeof(Told) == 12);

constexpr std::size_t rows_a_round = std::size_t{1} << 18;

/// Rows in order, in batches of at most rows_a_round: each(first row, population, owners of the sources).
template <class Each>
void for_batches(const NetworkPlan& plan, const std::vector<std::vector<std::uint64_t>>& heard, std::uint32_t first,
                 std::uint32_t end, Each&& each) {
    std::vector<Partition::Place> places;
    std::uint32_t row = 0;
    for (std::size_t p = 0; p < heard.size(); ++p) {
        const auto n = static_cast<std::uint32_t>(heard[p].size());
        std::uint32_t from = std::max(first, row);
        const std::uint32_t to = std::min(end, row + n);
        while (from < to) {
            const std::uint32_t count = std::min<std::uint32_t>(to - from, 65536);
            places.resize(count);
            plan.partition->places(p, std::span(heard[p]).subspan(from - row, count), places);
            each(from, p, places);
            from += count;
        }
        row += n;
    }
}

class Book {
public:
    Book(const std::vector<WorkerLayout>& layouts, std::uint64_t entries) : layouts_(layouts), told_(entries) {
        first_.push_back(0);
        for (const WorkerLayout& layout : layouts)
            first_.push_back(first_.back() + layout.neurons());
    }
    [[nodiscard]] std::uint32_t number(std::uint32_t thread, std::uint32_t neuron) const {
        return static_cast<std::uint32_t>(first_[thread] + neuron);
    }
    void add(std::uint32_t rank, const Telling& telling) {
        const std::uint32_t thread = telling.thread_population >> 20;
        add({number(thread, layouts_[thread].begin[telling.thread_population & 0xfffffU] + telling.local), rank,
             telling.row});
    }
    void add(const Told& told) { told_[size_++] = told; }

    /// Sorts by neuron and rank.
    [[nodiscard]] std::vector<Routes> finish(WorkerId first_worker) {
        std::vector<Routes> all(layouts_.size());
        std::vector<std::uint64_t> entries(layouts_.size(), 0);
        for (std::size_t t = 0; t < all.size(); ++t)
            all[t].begin.assign(layouts_[t].neurons() + std::size_t{1}, 0);
        const auto thread_of = [&](std::uint32_t neuron) { // few threads
            std::size_t t = 0;
            while (neuron >= first_[t + 1])
                ++t;
            return t;
        };
        for (std::size_t i = 0; i < size_; ++i) {
            const std::size_t t = thread_of(told_[i].neuron);
            ++all[t].begin[told_[i].neuron - first_[t] + 1];
            ++entries[t];
        }
        for (std::size_t t = 0; t < all.size(); ++t) {
            if (entries[t] > 0xffff'ffffU)
                throw RunError(
                    fmt::format("the neurons of worker {} send to {} ranks in all, more than 2^32; use more threads",
                                first_worker + t, entries[t]));
            std::partial_sum(all[t].begin.begin(), all[t].begin.end(), all[t].begin.begin());
            all[t].entries.resize(all[t].begin.back());
        }
        for (std::size_t i = 0; i < size_; ++i) { // begin[n] goes on to the end of n's entries, the begin of n + 1's
            const std::size_t t = thread_of(told_[i].neuron);
            all[t].entries[all[t].begin[told_[i].neuron - first_[t]]++] = {told_[i].rank, told_[i].row};
        }
        for (Routes& routes : all) {
            std::copy_backward(routes.begin.begin(), routes.begin.end() - 1, routes.begin.end());
            routes.begin.front() = 0;
            const auto by_rank = [](const RouteEntry& a, const RouteEntry& b) { return a.rank < b.rank; };
            for (std::size_t n = 0; n + 1 < routes.begin.size(); ++n) {
                const auto begin = routes.entries.begin() + routes.begin[n],
                           end = routes.entries.begin() + routes.begin[n + 1];
                if (!std::is_sorted(begin, end, by_rank)) std::sort(begin, end, by_rank);
            }
        }
        told_ = {};
        return all;
    }

private:
    const std::vector<WorkerLayout>& layouts_;
    std::vector<std::uint64_t> first_; ///< number of each worker's first neuron
    HugeBuffer<Told> told_;
    std::size_t size_ = 0;
};

} // namespace

RankRoutes make_routes(MPI_Comm comm, const Share& share, const NetworkPlan& plan,
                       const std::vector<WorkerLayout>& layouts, std::vector<std::vector<std::uint64_t>>& heard) {
    const auto ranks = static_cast<std::size_t>(share.ranks), self = static_cast<std::size_t>(share.rank);
    const std::uint32_t threads = plan.threads;
    const WorkerId first_worker = static_cast<WorkerId>(share.rank) * threads;
    RankRoutes result;
    std::uint32_t rows = 0;
    std::vector<std::uint64_t> tells(ranks, 0), told(ranks, 0);
    collectively(comm, [&] {
        std::uint64_t neurons = 0;
        for (const WorkerLayout& layout : layouts)
            neurons += layout.neurons();
        if (neurons > 0xffff'ffffU || heard.size() > 0xfffffU || threads > 4096)
            throw RunError(fmt::format("a rank of {} neurons in {} populations on {} threads is more than routes can "
                                       "name (2^32, 2^20, 4096); use more ranks",
                                       neurons, heard.size(), threads));
        for (const auto& sources : heard)
            rows += static_cast<std::uint32_t>(sources.size());
        for_batches(plan, heard, 0, rows, [&](std::uint32_t, std::size_t, std::span<const Partition::Place> places) {
            for (const Partition::Place& place : places)
                ++tells[place.worker / threads];
        });
    });
    result.hears.resize(ranks);
    for (std::size_t r = 0; r < ranks; ++r)
        result.hears[r] = tells[r] > 0;

    std::optional<TransposedNetwork> transposed;
    using Clock = std::chrono::steady_clock;
    const auto begin_drawing = Clock::now();
    if (share.dry) {
        collectively(comm, [&] {
            result.own_row.assign(rows, false);
            transposed.emplace(plan);
            told[self] = tells[self];
            for (std::uint32_t t = 0; t < threads; ++t)
                transposed->ranks_reached(first_worker + t, layouts[t], [&](std::uint32_t, std::uint32_t rank) {
                    if (rank != self) ++told[rank];
                });
        });
    } else {
        MPI_Alltoall(tells.data(), 1, MPI_UINT64_T, told.data(), 1, MPI_UINT64_T, comm);
    }
    std::chrono::duration<double> drawing = Clock::now() - begin_drawing;

    std::optional<Book> book;
    collectively(comm, [&] { book.emplace(layouts, std::accumulate(told.begin(), told.end(), std::uint64_t{0})); });
    std::uint64_t rounds = (rows + rows_a_round - 1) / rows_a_round;
    MPI_Allreduce(MPI_IN_PLACE, &rounds, 1, MPI_UINT64_T, MPI_MAX, comm);
    std::vector<int> count(ranks), start(ranks), count_in(ranks), start_in(ranks);
    std::vector<Telling> out, in;
    MPI_Datatype record = MPI_DATATYPE_NULL;
    MPI_Type_contiguous(sizeof(Telling), MPI_BYTE, &record);
    MPI_Type_commit(&record);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const auto first = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows, round * rows_a_round));
        const auto end = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows, (round + 1) * rows_a_round));
        collectively(comm, [&] {
            std::fill(count.begin(), count.end(), 0);
            for_batches(plan, heard, first, end,
                        [&](std::uint32_t, std::size_t, std::span<const Partition::Place> places) {
                            for (const Partition::Place& place : places)
                                ++count[place.worker / threads];
                        });
            std::exclusive_scan(count.begin(), count.end(), start.begin(), 0);
            out.resize(end - first);
            for_batches(plan, heard, first, end,
                        [&](std::uint32_t row, std::size_t p, std::span<const Partition::Place> places) {
                            for (const Partition::Place& place : places) {
                                const std::uint32_t rank = place.worker / threads;
                                if (share.dry && rank == self) result.own_row[row] = true;
                                out[static_cast<std::size_t>(start[rank]++)] = {
                                    place.worker % threads << 20 | static_cast<std::uint32_t>(p),
                                    static_cast<std::uint32_t>(place.local), row++};
                            }
                        });
            for (std::size_t r = 0; r < ranks; ++r)
                start[r] -= count[r];
        });
        if (share.dry) {
            for (int i = 0; i < count[self]; ++i)
                book->add(static_cast<std::uint32_t>(self),
                          out[static_cast<std::size_t>(start[self]) + static_cast<std::size_t>(i)]);
            continue;
        }
        MPI_Alltoall(count.data(), 1, MPI_INT, count_in.data(), 1, MPI_INT, comm);
        collectively(comm, [&] {
            const std::uint64_t total =
                std::accumulate(count_in.begin(), count_in.end(), std::uint64_t{0},
                                [](std::uint64_t sum, int n) { return sum + static_cast<unsigned>(n); });
            if (total > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
                throw RunError(fmt::format("{} routes reach rank {} in one round, more than MPI counts; use more ranks",
                                           total, share.rank));
            std::exclusive_scan(count_in.begin(), count_in.end(), start_in.begin(), 0);
            in.resize(total);
        });
        MPI_Alltoallv(out.data(), count.data(), start.data(), record, in.data(), count_in.data(), start_in.data(),
                      record, comm);
        for (std::size_t r = 0; r < ranks; ++r)
            for (int i = 0; i < count_in[r]; ++i)
                book->add(static_cast<std::uint32_t>(r),
                          in[static_cast<std::size_t>(start_in[r]) + static_cast<std::size_t>(i)]);
    }
    MPI_Type_free(&record);
    for (auto& sources : heard)
        sources = {};
    collectively(comm, [&] {
        if (share.dry) {
            const auto begin = Clock::now();
            for (std::uint32_t t = 0; t < threads; ++t)
                transposed->ranks_reached(first_worker + t, layouts[t], [&](std::uint32_t neuron, std::uint32_t rank) {
                    // the row there isn't known; any number that fits in the packet travels as well
                    if (rank != self) book->add({book->number(t, neuron), rank, rows > 0 ? neuron % rows : 0});
                });
            drawing += Clock::now() - begin;
        }
        result.routes = book->finish(first_worker);
    });
    result.drawing_s = share.dry ? drawing.count() : 0.0;
    return result;
}

} // namespace spikecast
