#include "partitioners/spinnaker/anneal.hpp"

#include "spikecast/math.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace spikecast::mapping {

int Sites::norm(int dx, int dy) const noexcept {
    const int ax = std::abs(dx), ay = std::abs(dy);
    return diagonal && (dx ^ dy) >= 0 ? std::max(ax, ay) : ax + ay;
}

int Sites::distance(SiteId a, SiteId b) const noexcept {
    const int w = width;
    const int dx = static_cast<int>(b) % w - static_cast<int>(a) % w,
              dy = static_cast<int>(b) / w - static_cast<int>(a) / w;
    if (!wraps) return norm(dx, dy);
    const int ox = dx > 0 ? dx - width : dx + width, oy = dy > 0 ? dy - height : dy + height;
    return std::min(std::min(norm(dx, dy), norm(ox, dy)), std::min(norm(dx, oy), norm(ox, oy)));
}

/// Words of one stream, a Philox block at a time.
struct Annealer::Draws {
    Key key;
    std::uint64_t stream, block = 0;
    std::array<std::uint32_t, 4> words{};
    unsigned left = 0;

    std::uint32_t word() noexcept {
        if (left == 0) {
            words = philox(key, stream, block++);
            left = 4;
        }
        return words[--left];
    }
    /// Uniform below n > 0.
    std::uint32_t below(std::uint32_t n) noexcept {
        return static_cast<std::uint32_t>(std::uint64_t{word()} * n >> 32);
    }
    double uniform() noexcept { return (word() + 0.5) * 0x1p-32; }
};

Annealer::Annealer(const Hypergraph& h, std::size_t movable, const Sites& sites, std::vector<SiteId> position)
    : h_(h), movable_(movable), sites_(sites), position_(std::move(position)), room_(sites.room),
      at_(sites.room.size()), slots_begin_(sites.room.size() + 1, 0), count_(sites.room.size(), 0), slot_(movable, 0),
      list_begin_(h.edge_count() + 1, 0), list_size_(h.edge_count(), 0), length_(h.edge_count(), 0),
      stamp_(h.edge_count(), 0), touched_at_(h.edge_count(), 0) {
    for (std::size_t s = 0; s < room_.size(); ++s) {
        at_[s] = {static_cast<std::int16_t>(static_cast<int>(s) % sites.width),
                  static_cast<std::int16_t>(static_cast<int>(s) / sites.width)};
        slots_begin_[s + 1] = slots_begin_[s] + room_[s].cores; // every cluster takes a core or more
    }
    slots_.resize(slots_begin_.back());
    for (std::uint32_t c = 0; c < movable_; ++c)
        put(c, position_[c]);
    for (std::size_t e = 0; e < h.edge_count(); ++e)
        list_begin_[e + 1] = list_begin_[e] + (h.pins_of(e).size() > small ? h.pins_of(e).size() : 0);
    list_site_.resize(list_begin_.back());
    list_count_.resize(list_begin_.back());
    for (std::uint32_t e = 0; e < h.edge_count(); ++e) {
        if (h.pins_of(e).size() > small)
            for (const std::uint32_t p : h.pins_of(e))
                shift_pin(e, no_site, position_[p]);
        length_[e] = edge_length(e);
    }
}

void Annealer::put(std::uint32_t cluster, SiteId site) {
    room_[site].cores -= h_.cores[cluster];
    room_[site].sdram -= h_.sdram[cluster];
    slot_[cluster] = count_[site];
    slots_[slots_begin_[site] + count_[site]++] = cluster;
}

void Annealer::take(std::uint32_t cluster) {
    const SiteId site = position_[cluster];
    room_[site].cores += h_.cores[cluster];
    room_[site].sdram += h_.sdram[cluster];
    const std::uint32_t last = slots_[slots_begin_[site] + --count_[site]];
    slots_[slots_begin_[site] + slot_[cluster]] = last;
    slot_[last] = slot_[cluster];
}

/// Prim's algorithm; repeated sites do no harm.
int Annealer::spanning(const SiteId* sites, std::size_t n) const {
    if (n < 2) return 0;
    if (n == 2) return sites_.distance(sites[0], sites[1]);
    if (n == 3) {
        const int a = sites_.distance(sites[0], sites[1]), b = sites_.distance(sites[1], sites[2]),
                  c = sites_.distance(sites[0], sites[2]);
        return a + b + c - std::max(std::max(a, b), c);
    }
    work_.resize(3 * n);
    int* const far = work_.data();
    int* const x = far + n;
    int* const y = x + n;
    for (std::size_t i = 0; i < n; ++i) {
        far[i] = std::numeric_limits<int>::max();
        x[i] = at_[sites[i]][0];
        y[i] = at_[sites[i]][1];
    }
    int sum = 0;
    std::size_t left = n - 1; // those left come first
    int cx = x[left], cy = y[left];
    while (left > 0) {
        int least = std::numeric_limits<int>::max();
        std::size_t best = 0;
        for (std::size_t i = 0; i < left; ++i) {
            int d = sites_.norm(x[i] - cx, y[i] - cy);
            if (sites_.wraps) {
                const int dx = x[i] - cx, dy = y[i] - cy;
                const int ox = dx > 0 ? dx - sites_.width : dx + sites_.width,
                          oy = dy > 0 ? dy - sites_.height : dy + sites_.height;
                d = std::min(std::min(d, sites_.norm(ox, dy)), std::min(sites_.norm(dx, oy), sites_.norm(ox, oy)));
            }
            if (d < far[i]) far[i] = d;
            if (far[i] < least) {
                least = far[i];
                best = i;
            }
        }
        sum += least;
        cx = x[best];
        cy = y[best];
        --left;
        far[best] = far[left];
        x[best] = x[left];
        y[best] = y[left];
    }
    return sum;
}

int Annealer::edge_length(std::uint32_t e) const {
    const auto pins = h_.pins_of(e);
    if (pins.size() > small) return 1 + spanning(list_site_.data() + list_begin_[e], list_size_[e]);
    SiteId sites[small];
    for (std::size_t i = 0; i < pins.size(); ++i)
        sites[i] = position_[pins[i]];
    return 1 + spanning(sites, pins.size());
}

/// Moves one pin in an edge's list; true where the set of sites changes.
bool Annealer::shift_pin(std::uint32_t e, SiteId from, SiteId to) {
    SiteId* const site = list_site_.data() + list_begin_[e];
    std::uint32_t* const count = list_count_.data() + list_begin_[e];
    std::uint32_t& size = list_size_[e];
    bool changed = false;
    if (from != no_site) {
        std::uint32_t i = 0;
        while (site[i] != from)
            ++i;
        if (--count[i] == 0) {
            --size;
            site[i] = site[size];
            count[i] = count[size];
            changed = true;
        }
    }
    std::uint32_t i = 0;
    while (i < size && site[i] != to)
        ++i;
    if (i == size) {
        site[i] = to;
        count[i] = 0;
        ++size;
        changed = true;
    }
    ++count[i];
    return changed;
}

/// Fills moved_ with a cluster that goes elsewhere and those that have to make room for it.
bool Annealer::propose(Draws& draws, int radius) {
    const auto a = draws.below(static_cast<std::uint32_t>(movable_));
    const SiteId from = position_[a];
    int x = at_[from][0], y = at_[from][1];
    const std::uint32_t kind = draws.word();
    const auto edges = h_.edges_of(a);
    if ((kind & 3) != 0 && !edges.empty()) { // towards somebody that it shares an edge with
        const auto pins = h_.pins_of(edges[draws.below(static_cast<std::uint32_t>(edges.size()))]);
        const SiteId s = position_[pins[draws.below(static_cast<std::uint32_t>(pins.size()))]];
        x = at_[s][0];
        y = at_[s][1];
        if ((kind & 4) != 0) {
            x += static_cast<int>(kind >> 8 & 0xffff) * 3 / 0x10000 - 1;
            y += static_cast<int>(kind >> 16) * 3 / 0x10000 - 1;
        }
    } else {
        const auto side = static_cast<std::uint32_t>(2 * radius + 1);
        x += static_cast<int>(draws.below(side)) - radius;
        y += static_cast<int>(draws.below(side)) - radius;
    }
    if (sites_.wraps) {
        x = (x + 2 * sites_.width) % sites_.width;
        y = (y + 2 * sites_.height) % sites_.height;
    } else if (x < 0 || y < 0 || x >= sites_.width || y >= sites_.height) {
        return false;
    }
    const auto to = static_cast<SiteId>(y * sites_.width + x);
    if (to == from) return false;
    const std::uint32_t need = h_.cores[a];
    const std::uint64_t need_sdram = h_.sdram[a];
    if (!sites_.room[to].fits(need, need_sdram)) return false;
    moved_.assign(1, {a, from, to});
    Room there = room_[to], here = room_[from];
    here.cores += need;
    here.sdram += need_sdram;
    while (!there.fits(need, need_sdram)) {
        const std::uint32_t n = count_[to];
        const std::uint32_t out = slots_[slots_begin_[to] + draws.below(n)];
        bool twice = false;
        for (const Moved& m : moved_)
            twice = twice || m.cluster == out;
        if (twice) {
            if (moved_.size() > 4) return false;
            continue;
        }
        if (!here.fits(h_.cores[out], h_.sdram[out]) || moved_.size() > 16) return false;
        here.cores -= h_.cores[out];
        here.sdram -= h_.sdram[out];
        there.cores += h_.cores[out];
        there.sdram += h_.sdram[out];
        moved_.push_back({out, to, from});
    }
    return true;
}

/// Makes the moves and returns what they change.
double Annealer::change() {
    ++now_;
    touched_.clear();
    for (const Moved& m : moved_) {
        position_[m.cluster] = m.to;
        for (const std::uint32_t e : h_.edges_of(m.cluster)) {
            if (stamp_[e] != now_) {
                stamp_[e] = now_;
                touched_at_[e] = static_cast<std::uint32_t>(touched_.size());
                touched_.push_back({e, 0, h_.pins_begin[e + 1] - h_.pins_begin[e] <= small});
            }
            if (h_.pins_begin[e + 1] - h_.pins_begin[e] > small && shift_pin(e, m.from, m.to))
                touched_[touched_at_[e]].changed = true;
        }
    }
    double sum = 0.0;
    for (Touched& t : touched_) {
        t.length = t.changed ? edge_length(t.edge) : length_[t.edge];
        sum += h_.weight[t.edge] * (t.length - length_[t.edge]);
    }
    return sum;
}

void Annealer::take_back() {
    for (const Moved& m : moved_) {
        position_[m.cluster] = m.from;
        for (const std::uint32_t e : h_.edges_of(m.cluster))
            if (h_.pins_begin[e + 1] - h_.pins_begin[e] > small) shift_pin(e, m.to, m.from);
    }
}

void Annealer::commit() {
    for (const Touched& t : touched_)
        length_[t.edge] = t.length;
    for (const Moved& m : moved_) {
        position_[m.cluster] = m.from;
        take(m.cluster);
    }
    for (const Moved& m : moved_) {
        position_[m.cluster] = m.to;
        put(m.cluster, m.to);
    }
}

double Annealer::cost() const {
    double sum = 0.0;
    for (std::size_t e = 0; e < length_.size(); ++e)
        sum += h_.weight[e] * length_[e];
    return sum;
}

void Annealer::run(const Schedule& schedule, Key key, std::uint64_t stream) {
    if (movable_ == 0 || schedule.moves == 0) return;
    Draws draws{key, stream};
    const int longest = std::max(1, std::max(sites_.width, sites_.height) / 2);
    double sum = 0.0;
    int sampled = 0;
    for (int i = 0; i < 256; ++i)
        if (propose(draws, longest)) {
            const double d = std::abs(change());
            take_back();
            if (d > 0.0) {
                sum += d;
                ++sampled;
            }
        }
    const double scale = sampled > 0 ? sum / sampled : 1.0;
    const double cooling = math::log(schedule.cold / schedule.hot);
    constexpr std::uint64_t batches = 200;
    double radius = longest;
    for (std::uint64_t b = 0; b < batches; ++b) {
        const double temperature =
            b + 1 == batches ? 0.0 : scale * schedule.hot * math::exp(cooling * static_cast<double>(b) / batches);
        const std::uint64_t moves = schedule.moves * (b + 1) / batches - schedule.moves * b / batches;
        std::uint64_t accepted = 0, proposed = 0;
        for (std::uint64_t i = 0; i < moves; ++i) {
            if (!propose(draws, static_cast<int>(radius))) continue;
            ++proposed;
            const double d = change();
            if (d <= 0.0 || (d < 20.0 * temperature && draws.uniform() < math::exp(-d / temperature))) {
                commit();
                ++accepted;
            } else {
                take_back();
            }
        }
        // The window of moves that keeps 44 % accepted (Lam and Delosme 1988, as VPR applies it).
        const double rate = proposed > 0 ? static_cast<double>(accepted) / static_cast<double>(proposed) : 0.0;
        radius = std::clamp(radius * (1.0 - 0.44 + rate), 1.0, static_cast<double>(longest));
    }
}

} // namespace spikecast::mapping
