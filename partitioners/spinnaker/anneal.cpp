#include "partitioners/spinnaker/anneal.hpp"

#include "spikecast/math.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace spikecast::mapping {

void Sites::set_size(int plane_width, int plane_height) {
    width = w = plane_width;
    height = h = plane_height;
    x0 = y0 = 0;
    shift = 0;
    while ((1 << shift) < width)
        ++shift;
    room.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), {});
}

void Sites::tabulate() {
    const std::size_t ids = static_cast<std::size_t>(height) << shift;
    constexpr std::size_t most = 512;
    if (ids > most) return;
    unsigned bits = 0;
    while ((std::size_t{1} << bits) < ids)
        ++bits;
    std::vector<std::uint16_t> distances(ids << bits, 0);
    for (std::size_t a = 0; a < ids; ++a)
        for (std::size_t b = 0; b < ids; ++b)
            distances[a << bits | b] =
                static_cast<std::uint16_t>(distance(static_cast<SiteId>(a), static_cast<SiteId>(b)));
    table_bits = bits;
    table = std::move(distances);
}

int Sites::norm(int dx, int dy) const noexcept {
    const int ax = std::abs(dx), ay = std::abs(dy);
    return diagonal && (dx ^ dy) >= 0 ? std::max(ax, ay) : ax + ay;
}

int Sites::norm_wrapped(int dx, int dy) const noexcept {
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
      slots_begin_(sites.room.size() + 1, 0), count_(sites.room.size(), 0), slot_(movable, 0),
      list_begin_(h.edge_count() + 1, 0), list_size_(h.edge_count(), 0), length_(h.edge_count(), 0),
      stamp_(h.edge_count(), 0), touched_at_(h.edge_count(), 0) {
    for (std::size_t s = 0; s < room_.size(); ++s) // every cluster takes a core or more
        slots_begin_[s + 1] = slots_begin_[s] + std::min<std::size_t>(room_[s].cores, movable_);
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
                add_pins(e, position_[p], 1);
        length_[e] = edge_length(e);
    }
}

void Annealer::put(std::uint32_t cluster, SiteId id) {
    const std::size_t site = sites_.index(id);
    room_[site].cores -= h_.cores[cluster];
    room_[site].sdram -= h_.sdram[cluster];
    slot_[cluster] = count_[site];
    slots_[slots_begin_[site] + count_[site]++] = cluster;
}

void Annealer::take(std::uint32_t cluster) {
    const std::size_t site = sites_.index(position_[cluster]);
    room_[site].cores += h_.cores[cluster];
    room_[site].sdram += h_.sdram[cluster];
    const std::uint32_t last = slots_[slots_begin_[site] + --count_[site]];
    slots_[slots_begin_[site] + slot_[cluster]] = last;
    slot_[last] = slot_[cluster];
}

/// Whether single hops inside a set of distinct sites join all of it: its tree then has a hop for each site but one.
/// Most large sets are so, and a walk over them takes far less time than comparing all pairs.
bool Annealer::joined(const SiteId* sites, std::size_t n) const {
    if (mark_.empty()) mark_.assign(static_cast<std::size_t>(sites_.height) << sites_.shift, 0);
    if (++mark_now_ >= std::numeric_limits<std::uint32_t>::max() / 2) {
        std::fill(mark_.begin(), mark_.end(), 0U);
        mark_now_ = 1;
    }
    const std::uint32_t in = 2 * mark_now_, reached = in + 1;
    for (std::size_t i = 0; i < n; ++i)
        mark_[sites[i]] = in;
    work_.resize(2 * n);
    SiteId* const queue = work_.data();
    queue[0] = sites[0];
    mark_[sites[0]] = reached;
    std::size_t end = 1;
    for (std::size_t i = 0; i < end; ++i)
        for (int l = 0; l < link_count; ++l) {
            int x = sites_.x(queue[i]) + link_steps[static_cast<std::size_t>(l)][0];
            int y = sites_.y(queue[i]) + link_steps[static_cast<std::size_t>(l)][1];
            if (sites_.wraps) {
                x = x < 0 ? x + sites_.width : x >= sites_.width ? x - sites_.width : x;
                y = y < 0 ? y + sites_.height : y >= sites_.height ? y - sites_.height : y;
            } else if (x < 0 || y < 0 || x >= sites_.width || y >= sites_.height) {
                continue;
            }
            const SiteId s = sites_.id(x, y);
            if (mark_[s] != in || sites_.distance(queue[i], s) != 1) continue;
            mark_[s] = reached;
            queue[end++] = s;
        }
    return end == n;
}

/// Prim's algorithm; repeated sites do no harm to fewer than `worth_a_walk`, and lists have none.
int Annealer::spanning(const SiteId* sites, std::size_t n) const {
    if (n < 2) return 0;
    if (n == 2) return sites_.distance(sites[0], sites[1]);
    if (n == 3) {
        const int a = sites_.distance(sites[0], sites[1]), b = sites_.distance(sites[1], sites[2]),
                  c = sites_.distance(sites[0], sites[2]);
        return a + b + c - std::max(std::max(a, b), c);
    }
    constexpr std::size_t worth_a_walk = 16;
    if (n >= worth_a_walk && joined(sites, n)) return static_cast<int>(n) - 1;
    // Distance and place in one word, so that the least of the words names the next site.
    constexpr unsigned bits = 16;
    work_.resize(2 * n);
    std::uint32_t* const far = work_.data();
    SiteId* const rest = far + n;
    std::copy(sites, sites + n, rest);
    std::fill(far, far + n, std::numeric_limits<std::uint32_t>::max());
    std::uint32_t sum = 0;
    std::size_t left = n - 1; // those left come first
    SiteId current = rest[left];
    while (left > 0) {
        std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
        if (!sites_.table.empty()) {
            const std::uint16_t* const row = sites_.table.data() + (std::size_t{current} << sites_.table_bits);
            for (std::size_t i = 0; i < left; ++i) {
                const std::uint32_t d = std::uint32_t{row[rest[i]]} << bits;
                far[i] = std::min(far[i], d);
                least = std::min(least, far[i] | static_cast<std::uint32_t>(i));
            }
        } else {
            for (std::size_t i = 0; i < left; ++i) {
                const std::uint32_t d = static_cast<std::uint32_t>(sites_.distance(current, rest[i])) << bits;
                far[i] = std::min(far[i], d);
                least = std::min(least, far[i] | static_cast<std::uint32_t>(i));
            }
        }
        sum += least >> bits;
        const std::size_t best = least & 0xffffU;
        current = rest[best];
        --left;
        far[best] = far[left];
        rest[best] = rest[left];
    }
    return static_cast<int>(sum);
}

int Annealer::edge_length(std::uint32_t e) const {
    const auto pins = h_.pins_of(e);
    if (pins.size() > small) return 1 + spanning(list_site_.data() + list_begin_[e], list_size_[e]);
    SiteId sites[small];
    for (std::size_t i = 0; i < pins.size(); ++i)
        sites[i] = position_[pins[i]];
    return 1 + spanning(sites, pins.size());
}

/// Adds pins to a site of an edge's list, or takes them off it.
void Annealer::add_pins(std::uint32_t e, SiteId id, int pins) {
    SiteId* const site = list_site_.data() + list_begin_[e];
    std::uint32_t* const count = list_count_.data() + list_begin_[e];
    std::uint32_t& size = list_size_[e];
    std::uint32_t i = 0;
    while (i < size && site[i] != id)
        ++i;
    if (i == size) {
        site[i] = id;
        count[i] = 0;
        ++size;
    }
    count[i] = static_cast<std::uint32_t>(static_cast<int>(count[i]) + pins);
    if (count[i] == 0) {
        --size;
        site[i] = site[size];
        count[i] = count[size];
    }
}

/// The length of an edge with a list once the moves are made.
int Annealer::length_after(const Touched& touched) {
    if (touched.net == 0) return length_[touched.edge];
    // All moves are between two sites: the set changes where one of them loses its last pin or gets its first.
    const SiteId less = touched.net > 0 ? moved_[0].from : moved_[0].to;
    const SiteId more = touched.net > 0 ? moved_[0].to : moved_[0].from;
    const auto by = static_cast<std::uint32_t>(std::abs(touched.net));
    const SiteId* const site = list_site_.data() + list_begin_[touched.edge];
    const std::uint32_t* const count = list_count_.data() + list_begin_[touched.edge];
    const std::uint32_t size = list_size_[touched.edge];
    std::uint32_t leaves = size;
    bool enters = true;
    for (std::uint32_t i = 0; i < size; ++i) {
        if (site[i] == less && count[i] == by) leaves = i;
        enters = enters && site[i] != more;
    }
    if (leaves == size && !enters) return length_[touched.edge];
    sites_after_.assign(site, site + size);
    if (leaves != size && enters) {
        sites_after_[leaves] = more;
    } else if (enters) {
        sites_after_.push_back(more);
    } else {
        sites_after_[leaves] = sites_after_.back();
        sites_after_.pop_back();
    }
    return 1 + spanning(sites_after_.data(), sites_after_.size());
}

/// Fills moved_ with a cluster that goes elsewhere and those that have to make room for it.
bool Annealer::propose(Draws& draws, int radius) {
    const auto a = draws.below(static_cast<std::uint32_t>(movable_));
    const SiteId from = position_[a];
    int x = sites_.x(from), y = sites_.y(from);
    const std::uint32_t kind = draws.word();
    const auto edges = h_.edges_of(a);
    if ((kind & 3) != 0 && !edges.empty()) { // towards somebody that it shares an edge with
        const auto pins = h_.pins_of(edges[draws.below(static_cast<std::uint32_t>(edges.size()))]);
        const SiteId s = position_[pins[draws.below(static_cast<std::uint32_t>(pins.size()))]];
        x = sites_.x(s);
        y = sites_.y(s);
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
        x = (x + sites_.width) % sites_.width;
        y = (y + sites_.height) % sites_.height;
    }
    if (x < sites_.x0 || y < sites_.y0 || x >= sites_.x0 + sites_.w || y >= sites_.y0 + sites_.h) return false;
    const SiteId to = sites_.id(x, y);
    if (to == from) return false;
    const std::size_t to_index = sites_.index(to), from_index = sites_.index(from);
    const std::uint32_t need = h_.cores[a];
    const std::uint64_t need_sdram = h_.sdram[a];
    if (!sites_.room[to_index].fits(need, need_sdram)) return false;
    moved_.assign(1, {a, from, to});
    Room there = room_[to_index], here = room_[from_index];
    here.cores += need;
    here.sdram += need_sdram;
    while (!there.fits(need, need_sdram)) {
        const std::uint32_t n = count_[to_index];
        const std::uint32_t out = slots_[slots_begin_[to_index] + draws.below(n)];
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

/// Sets the positions and returns what they change; lists and rooms stay behind until commit().
double Annealer::change() {
    ++now_;
    touched_.clear();
    const SiteId from = moved_[0].from;
    for (const Moved& m : moved_) {
        position_[m.cluster] = m.to;
        const int by = m.from == from ? 1 : -1;
        for (const std::uint32_t e : h_.edges_of(m.cluster)) {
            if (stamp_[e] != now_) {
                stamp_[e] = now_;
                touched_at_[e] = static_cast<std::uint32_t>(touched_.size());
                touched_.push_back({e, by, 0});
            } else {
                touched_[touched_at_[e]].net += by;
            }
        }
    }
    double sum = 0.0;
    for (Touched& t : touched_) {
        t.length = h_.pins_begin[t.edge + 1] - h_.pins_begin[t.edge] > small ? length_after(t) : edge_length(t.edge);
        sum += h_.weight[t.edge] * (t.length - length_[t.edge]);
    }
    return sum;
}

void Annealer::take_back() {
    for (const Moved& m : moved_)
        position_[m.cluster] = m.from;
}

void Annealer::commit() {
    for (const Touched& t : touched_) {
        length_[t.edge] = t.length;
        if (t.net == 0 || h_.pins_begin[t.edge + 1] - h_.pins_begin[t.edge] <= small) continue;
        // First off, then on: a list has a place for each pin and no more.
        add_pins(t.edge, t.net > 0 ? moved_[0].from : moved_[0].to, -std::abs(t.net));
        add_pins(t.edge, t.net > 0 ? moved_[0].to : moved_[0].from, std::abs(t.net));
    }
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

double Annealer::work_per_move() const {
    double sum = 0.0;
    for (std::size_t e = 0; e < length_.size(); ++e) {
        const double pins = static_cast<double>(h_.pins_of(e).size());
        const double k = pins > small ? 4.0 + list_size_[e] : pins;
        sum += pins * (4.0 + 0.5 * k * k);
    }
    return 20.0 + 2.0 * sum / static_cast<double>(std::max<std::size_t>(1, position_.size()));
}

void Annealer::run(const Schedule& schedule, Key key, std::uint64_t stream) {
    if (movable_ == 0 || schedule.moves == 0) return;
    Draws draws{key, stream};
    const int longest = std::max(1, std::max(sites_.w, sites_.h) / 2);
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
    double radius = schedule.radius > 0 ? std::min(schedule.radius, longest) : longest;
    for (std::uint64_t b = 0; b < batches; ++b) {
        const double temperature = b + 1 == batches && schedule.quench
                                       ? 0.0
                                       : scale * schedule.hot * math::exp(cooling * static_cast<double>(b) / batches);
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
