#include "engine/build/block_exchange.hpp"

#include "engine/build/fault.hpp"
#include "engine/exchange/collective.hpp"
#include "engine/network/drawing.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <limits>

namespace spikecast {

namespace {

__extension__ using Word128 = unsigned __int128;

/// A SourceRun's batches may exceed the chunk by so much.
constexpr std::size_t most_beyond = 8192;
constexpr std::size_t sink_batch = 2048;

/// Widths of a record's fields in bits; thread is the highest field, so that records sorted by owner are sorted.
struct Format {
    std::uint32_t thread = 0, local = 0, target = 0, source = 0, draw = 0;
    [[nodiscard]] std::uint32_t bits() const noexcept { return thread + local + target + source + draw; }

    template <class Word>
    [[nodiscard]] Word pack(std::uint32_t t, const DrawnSynapse& s, std::uint64_t first_source) const noexcept {
        Word word = t;
        word = word << local | s.target_local;
        word = word << target | s.target;
        word = word << source | (s.source - first_source);
        return word << draw | s.k;
    }
    /// source is relative, k the draw.
    template <class Word>
    [[nodiscard]] DrawnSynapse unpack(Word word) const noexcept {
        DrawnSynapse s{};
        const auto take = [&word](std::uint32_t width) {
            const auto value = static_cast<std::uint64_t>(word & ((Word{1} << width) - 1));
            word >>= width;
            return value;
        };
        s.k = take(draw);
        s.source = take(source);
        s.target = take(target);
        s.target_local = take(local);
        return s;
    }
    template <class Word>
    [[nodiscard]] std::uint32_t thread_of(Word word) const noexcept {
        return thread == 0 ? 0 : static_cast<std::uint32_t>(word >> (bits() - thread));
    }
};

/// How many of `sources` come before the block of worker w of `workers`.
std::uint64_t block_begin(std::uint64_t sources, std::uint64_t w, std::uint64_t workers) {
    return static_cast<std::uint64_t>(Word128{sources} * w / workers);
}

template <class Word>
class BlockExchange {
public:
    BlockExchange(MPI_Comm comm, const NetworkPlan& plan, const PlannedProjection& projection, Team& team,
                  std::span<SynapseSink* const> sinks, const Format& format)
        : comm_(comm), plan_(plan), projection_(projection), team_(team), sinks_(sinks), format_(format),
          law_(projection.rule->source_draws()), threads_(team.threads()), workers_(plan.partition->workers()) {
        MPI_Comm_rank(comm, &rank_);
        int ranks = 1;
        MPI_Comm_size(comm, &ranks);
        ranks_ = static_cast<std::size_t>(ranks);
        constexpr int word_bytes = sizeof(Word);
        MPI_Type_contiguous(word_bytes / 8, MPI_UINT64_T, &type_);
        MPI_Type_commit(&type_);
    }
    ~BlockExchange() { MPI_Type_free(&type_); }
    BlockExchange(const BlockExchange&) = delete;
    BlockExchange& operator=(const BlockExchange&) = delete;

    void run() {
        collectively(comm_, [&] { prepare(); });
        for (;;) {
            on_workers([&](std::uint32_t t) { draw(t); });
            if (!agree_on_round()) return;
            place_records();
            on_workers([&](std::uint32_t t) { fill(t); });
            transfer();
        }
    }

private:
    struct Share { ///< of one worker
        std::unique_ptr<SourceRun> run;
        std::vector<DrawnSynapse> batch;
        std::vector<std::uint64_t> targets;
        std::vector<Partition::Place> places;
        std::vector<Word> records;
        std::vector<std::uint32_t> owners; ///< of each record
        std::vector<std::uint32_t> next;   ///< for each worker of all: first counts, then places in `outgoing_`
        std::vector<DrawnSynapse> own;
        int code = 0;
        std::string text;
    };

    /// An error is kept for the next time that ranks agree; until then the worker has nothing to say.
    template <class Job>
    void on_workers(Job&& job) {
        team_.run([&](std::uint32_t t) {
            Share& share = shares_[t];
            if (share.code != 0) return;
            try {
                job(t);
            } catch (...) {
                std::tie(share.code, share.text) = describe_current_exception();
                share.run.reset();
                share.records.clear();
                share.owners.clear();
                std::fill(share.next.begin(), share.next.end(), 0U);
            }
        });
    }

    void prepare() {
        const std::uint64_t most = std::uint64_t{threads_} * (exchange_chunk + most_beyond);
        slice_ = exchange_slice(ranks_, threads_);
        if (std::max(most, slice_ * ranks_) > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
            throw RunError(
                fmt::format("projection {}: {} threads on {} ranks would exchange more than 2^31 synapses at "
                            "a time; use simulation.drawing = \"redraw\"",
                            projection_.projection->name, threads_, ranks_));
        first_source_.resize(ranks_);
        for (std::size_t r = 0; r < ranks_; ++r) {
            const std::uint64_t begin = block_begin(law_.sources, r * threads_, workers_);
            first_source_[r] = begin < law_.sources ? projection_.rule->source_at(begin) : 0;
        }
        shares_.resize(threads_);
        for (std::uint32_t t = 0; t < threads_; ++t) {
            Share& share = shares_[t];
            const std::uint64_t w = static_cast<std::uint64_t>(rank_) * threads_ + t;
            const std::uint64_t begin = block_begin(law_.sources, w, workers_);
            const std::uint64_t end = block_begin(law_.sources, w + 1, workers_);
            if (begin < end) share.run = projection_.rule->draw_sources(begin, end);
            share.records.reserve(exchange_chunk + most_beyond);
            share.owners.reserve(exchange_chunk + most_beyond);
            share.next.resize(workers_);
        }
        outgoing_.resize(most);
        if (ranks_ > 1) arriving_.resize(slice_ * ranks_);
        send_.resize(ranks_);
        receive_.resize(ranks_);
        for (std::vector<int>* each : {&send_count_, &send_start_, &receive_count_, &receive_start_})
            each->resize(ranks_);
    }

    void draw(std::uint32_t t) {
        Share& share = shares_[t];
        share.records.clear();
        share.owners.clear();
        std::fill(share.next.begin(), share.next.end(), 0U);
        if (fault("draw") && rank_ + 1 == static_cast<int>(ranks_) && t + 1 == threads_)
            throw RunError("a fault in drawing a block of sources");
        while (share.run && share.records.size() < exchange_chunk) {
            if (!share.run->next(share.batch)) {
                share.run.reset();
                break;
            }
            const std::size_t n = share.batch.size();
            share.targets.resize(n);
            share.places.resize(n);
            for (std::size_t j = 0; j < n; ++j)
                share.targets[j] = share.batch[j].target;
            plan_.partition->places(projection_.target, share.targets, share.places);
            for (std::size_t j = 0; j < n; ++j) {
                DrawnSynapse s = share.batch[j];
                s.target_local = share.places[j].local;
                const WorkerId owner = share.places[j].worker;
                share.records.push_back(
                    format_.template pack<Word>(owner % threads_, s, first_source_[static_cast<std::size_t>(rank_)]));
                share.owners.push_back(owner);
                ++share.next[owner];
            }
        }
    }

    /// Whether there is anything left to do anywhere. Throws on all ranks what one of them has.
    bool agree_on_round() {
        std::uint64_t status[3] = {0, 0, 0}; // failed; anything drawn or left to draw; longest part for one rank
        const Share* failed = nullptr;
        for (std::size_t r = 0; r < ranks_; ++r) {
            std::uint64_t part = 0;
            for (const Share& share : shares_)
                for (std::uint32_t t = 0; t < threads_; ++t)
                    part += share.next[r * threads_ + t];
            send_[r] = static_cast<std::uint32_t>(part);
            status[2] = std::max(status[2], part);
        }
        for (const Share& share : shares_) {
            if (share.code != 0 && failed == nullptr) failed = &share;
            if (share.run || !share.records.empty()) status[1] = 1;
        }
        status[0] = failed != nullptr;
        MPI_Allreduce(MPI_IN_PLACE, status, 3, MPI_UINT64_T, MPI_MAX, comm_);
        if (status[0] != 0) agree(comm_, failed ? failed->code : 0, failed ? failed->text : "");
        longest_ = status[2];
        return status[1] != 0;
    }

    /// Counts become places in the outgoing buffer: by owner, then by the worker that drew.
    void place_records() {
        std::uint32_t sum = 0;
        for (std::size_t w = 0; w < workers_; ++w)
            for (Share& share : shares_) {
                const std::uint32_t count = share.next[w];
                share.next[w] = sum;
                sum += count;
            }
    }

    void fill(std::uint32_t t) {
        Share& share = shares_[t];
        for (std::size_t j = 0; j < share.records.size(); ++j)
            outgoing_[share.next[share.owners[j]]++] = share.records[j];
    }

    void transfer() {
        if (ranks_ == 1) {
            receive_count_[0] = static_cast<int>(send_[0]);
            receive_start_[0] = 0;
            on_workers([&](std::uint32_t t) { take(t, outgoing_); });
            return;
        }
        MPI_Alltoall(send_.data(), 1, MPI_UINT32_T, receive_.data(), 1, MPI_UINT32_T, comm_);
        for (std::uint64_t done = 0; done < longest_; done += slice_) {
            const auto part = [&](std::uint64_t size) {
                return static_cast<int>(size > done ? std::min(slice_, size - done) : 0);
            };
            std::uint64_t from = 0;
            int to = 0;
            for (std::size_t r = 0; r < ranks_; ++r) {
                send_count_[r] = part(send_[r]);
                send_start_[r] = static_cast<int>(from + std::min<std::uint64_t>(done, send_[r]));
                from += send_[r];
                receive_count_[r] = part(receive_[r]);
                receive_start_[r] = to;
                to += receive_count_[r];
            }
            MPI_Alltoallv(outgoing_.data(), send_count_.data(), send_start_.data(), type_, arriving_.data(),
                          receive_count_.data(), receive_start_.data(), type_, comm_);
            on_workers([&](std::uint32_t t) { take(t, arriving_); });
        }
    }

    /// Gives worker t its own among what has arrived; the records from each rank are in order of threads.
    void take(std::uint32_t t, const std::vector<Word>& arrived) {
        Share& share = shares_[t];
        share.own.clear();
        if (fault("take") && rank_ == 0 && t + 1 == threads_) throw RunError("a fault in taking what was exchanged");
        const auto hand_over = [&] {
            if (!share.own.empty()) sinks_[t]->scattered(share.own);
            share.own.clear();
        };
        for (std::size_t r = 0; r < ranks_; ++r) {
            const Word* begin = arrived.data() + receive_start_[r];
            const Word* end = begin + receive_count_[r];
            if (threads_ > 1) {
                const auto before = [&](std::uint32_t limit) {
                    return [this, limit](Word word) { return format_.thread_of(word) < limit; };
                };
                begin = std::partition_point(begin, end, before(t));
                end = std::partition_point(begin, end, before(t + 1));
            }
            const std::uint64_t first = first_source_[r];
            for (const Word* record = begin; record != end; ++record) {
                DrawnSynapse s = format_.unpack(*record);
                s.source += first;
                s.k += s.source * law_.draws;
                share.own.push_back(s);
                if (share.own.size() == sink_batch) {
                    if (fault("order")) std::reverse(share.own.begin(), share.own.end());
                    hand_over();
                }
            }
        }
        hand_over();
    }

    MPI_Comm comm_;
    const NetworkPlan& plan_;
    const PlannedProjection& projection_;
    Team& team_;
    std::span<SynapseSink* const> sinks_;
    Format format_;
    SourceDraws law_;
    std::uint32_t threads_;
    std::size_t workers_;
    int rank_ = 0;
    std::size_t ranks_ = 1;
    MPI_Datatype type_ = MPI_DATATYPE_NULL;

    std::uint64_t slice_ = 0;   ///< records that one rank sends another in one all-to-all
    std::uint64_t longest_ = 0; ///< records of this round from any rank to any other
    std::vector<std::uint64_t> first_source_;
    std::vector<Share> shares_;
    std::vector<Word> outgoing_, arriving_;
    std::vector<std::uint32_t> send_, receive_; ///< records to and from each rank in this round
    std::vector<int> send_count_, send_start_, receive_count_, receive_start_;
};

std::uint32_t width(std::uint64_t greatest) {
    return static_cast<std::uint32_t>(std::bit_width(greatest));
}

} // namespace

void enumerate_by_exchange(MPI_Comm comm, const NetworkPlan& plan, const PlannedProjection& projection, Team& team,
                           std::span<SynapseSink* const> sinks) {
    int rank = 0, ranks = 1;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    const std::uint32_t threads = team.threads();
    const SourceDraws law = projection.rule->source_draws();
    const std::uint64_t workers = plan.partition->workers();
    // The greatest local number and source offset on any rank.
    std::uint64_t greatest[2] = {0, 0};
    for (std::uint32_t t = 0; t < threads; ++t)
        greatest[0] =
            std::max(greatest[0], plan.partition->count(static_cast<WorkerId>(rank) * threads + t, projection.target));
    const std::uint64_t begin = block_begin(law.sources, static_cast<std::uint64_t>(rank) * threads, workers);
    const std::uint64_t end = block_begin(law.sources, (static_cast<std::uint64_t>(rank) + 1) * threads, workers);
    if (begin < end) greatest[1] = projection.rule->source_at(end - 1) - projection.rule->source_at(begin);
    MPI_Allreduce(MPI_IN_PLACE, greatest, 2, MPI_UINT64_T, MPI_MAX, comm);
    const Format format{.thread = width(threads - 1),
                        .local = width(greatest[0]),
                        .target = width(plan.experiment->populations[projection.target].size),
                        .source = width(greatest[1]),
                        .draw = width(law.draws - 1)};
    if (format.bits() <= 64)
        BlockExchange<std::uint64_t>(comm, plan, projection, team, sinks, format).run();
    else if (format.bits() <= 128)
        BlockExchange<Word128>(comm, plan, projection, team, sinks, format).run();
    else // the same on all ranks
        throw RunError(fmt::format("projection {}: a synapse can't be named in 128 bits to be exchanged; use "
                                   "simulation.drawing = \"redraw\"",
                                   projection.projection->name));
}

} // namespace spikecast
