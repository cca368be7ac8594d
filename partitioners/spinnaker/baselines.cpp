// The two published algorithms that SpiNNaker's tools use, as they are described; see minimise.hpp.
#include "partitioners/spinnaker/minimise.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

namespace spikecast::mapping {

namespace {

struct Pattern {
    std::uint32_t key, mask;
};
bool meet(Pattern a, Pattern b) {
    return ((a.key ^ b.key) & a.mask & b.mask) == 0;
}
Pattern merged(Pattern a, Pattern b) {
    const std::uint32_t mask = a.mask & b.mask & ~(a.key ^ b.key);
    return {a.key & mask, mask};
}
int generality(Pattern p) {
    return std::popcount(~p.mask);
}

/// Ordered covering. The table is kept in ascending order of generality; a merge of entries with one route goes above
/// the entries as general as itself. Each round applies the merge that removes most entries.
class OrderedCovering {
public:
    OrderedCovering(const Table& table, std::span<const std::uint8_t> straight) {
        std::map<Route, std::uint32_t> number;
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < table.size(); ++i)
            if ((table[i].key & ~table[i].mask) == 0) order.push_back(i);
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return std::popcount(table[a].mask) > std::popcount(table[b].mask);
        });
        for (const std::size_t i : order) {
            const auto found = number.emplace(table[i].route, static_cast<std::uint32_t>(routes_.size()));
            if (found.second) routes_.push_back(table[i].route);
            const Pattern p{table[i].key, table[i].mask};
            rows_.push_back({p,
                             found.first->second,
                             straight.empty() || straight[i] == 0 ? std::uint8_t{0} : std::uint8_t{1},
                             {p}});
        }
    }

    RoutedTable run(std::uint32_t target) {
        while (rows_.size() > target) {
            Merge best;
            std::vector<std::vector<std::uint32_t>> by_route(routes_.size());
            std::vector<std::uint32_t> first; // routes in order of appearance
            for (std::uint32_t i = 0; i < rows_.size(); ++i) {
                if (by_route[rows_[i].route].empty()) first.push_back(rows_[i].route);
                by_route[rows_[i].route].push_back(i);
            }
            for (const std::uint32_t r : first) {
                Merge m{by_route[r], {}, 0};
                if (m.rows.size() < 2 || goodness(m) <= goodness(best)) continue;
                refine(m, goodness(best));
                if (goodness(m) > goodness(best)) best = std::move(m);
            }
            if (goodness(best) <= 0) break;
            apply(best);
        }
        RoutedTable result;
        for (const Row& row : rows_) {
            result.entries.push_back({row.pattern.key, row.pattern.mask, routes_[row.route]});
            result.straight.push_back(row.straight);
        }
        return result;
    }

private:
    struct Row {
        Pattern pattern;
        std::uint32_t route;
        std::uint8_t straight;
        std::vector<Pattern> aliases; ///< the given entries that it stands for
    };
    struct Merge {
        std::vector<std::uint32_t> rows;
        Pattern pattern{};
        std::uint32_t insertion = 0; ///< stands before the row of this number
    };
    static std::ptrdiff_t goodness(const Merge& m) { return static_cast<std::ptrdiff_t>(m.rows.size()) - 1; }

    void update(Merge& m) const {
        if (m.rows.empty()) return;
        m.pattern = rows_[m.rows[0]].pattern;
        for (const std::uint32_t i : m.rows)
            m.pattern = merged(m.pattern, rows_[i].pattern);
        const int g = generality(m.pattern);
        m.insertion = static_cast<std::uint32_t>(
            std::partition_point(rows_.begin(), rows_.end(), [&](const Row& r) { return generality(r.pattern) < g; }) -
            rows_.begin());
    }

    void refine(Merge& m, std::ptrdiff_t least) const {
        update(m);
        down_check(m, least);
        if (goodness(m) <= least) return;
        if (up_check(m, least) && goodness(m) > least) down_check(m, least);
    }

    /// Takes out rows that a row between them and the place of the merge would hide.
    bool up_check(Merge& m, std::ptrdiff_t least) const {
        bool changed = false;
        for (std::size_t k = m.rows.size(); k-- > 0;) {
            const std::uint32_t i = m.rows[k];
            bool hidden = false;
            for (std::uint32_t j = i + 1; j < m.insertion && !hidden; ++j)
                hidden = meet(rows_[i].pattern, rows_[j].pattern);
            if (!hidden) continue;
            m.rows.erase(m.rows.begin() + static_cast<std::ptrdiff_t>(k));
            update(m);
            changed = true;
            if (goodness(m) <= least) {
                m.rows.clear();
                break;
            }
        }
        return changed;
    }

    /// Takes out rows until the merge hides nothing below it. The entries it hides with the fewest bits by which it
    /// could step aside come first; of those bits, the one that costs the fewest rows.
    void down_check(Merge& m, std::ptrdiff_t least) const {
        while (goodness(m) > least) {
            int stringency = 33;
            std::uint32_t set_to_one = 0, set_to_zero = 0; // bits that help, by the value they would get
            for (std::size_t j = m.insertion; j < rows_.size() && stringency > 0; ++j) {
                if (!meet(rows_[j].pattern, m.pattern)) continue;
                for (const Pattern alias : rows_[j].aliases) {
                    if (!meet(alias, m.pattern)) continue;
                    const std::uint32_t settable = alias.mask & ~m.pattern.mask;
                    const int n = std::popcount(settable);
                    if (n > stringency) continue;
                    if (n < stringency) {
                        stringency = n;
                        set_to_one = set_to_zero = 0;
                    }
                    set_to_one |= settable & ~alias.key;
                    set_to_zero |= settable & alias.key;
                }
            }
            if (stringency == 33) return; // hides nothing
            if (stringency == 0) break;
            std::vector<std::uint32_t> out, trial;
            for (std::uint32_t bits = set_to_one | set_to_zero; bits != 0;) {
                const std::uint32_t bit = std::bit_floor(bits);
                bits ^= bit;
                for (const bool one : {true, false}) {
                    if (((one ? set_to_one : set_to_zero) & bit) == 0) continue;
                    trial.clear();
                    for (const std::uint32_t i : m.rows) {
                        const Pattern p = rows_[i].pattern;
                        if ((p.mask & bit) == 0 || ((p.key & bit) != 0) != one) trial.push_back(i);
                    }
                    if (out.empty() || trial.size() < out.size()) out = trial;
                }
            }
            std::vector<std::uint32_t> left;
            std::set_difference(m.rows.begin(), m.rows.end(), out.begin(), out.end(), std::back_inserter(left));
            m.rows = std::move(left);
            update(m);
        }
        m.rows.clear();
    }

    void apply(const Merge& m) {
        Row entry{m.pattern, rows_[m.rows[0]].route, 1, {}};
        for (const std::uint32_t i : m.rows) {
            entry.straight &= rows_[i].straight;
            entry.aliases.insert(entry.aliases.end(), rows_[i].aliases.begin(), rows_[i].aliases.end());
        }
        std::vector<Row> rows;
        rows.reserve(rows_.size());
        std::size_t next = 0;
        const auto keep = [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                if (next < m.rows.size() && m.rows[next] == i)
                    ++next;
                else
                    rows.push_back(std::move(rows_[i]));
            }
        };
        keep(0, m.insertion);
        rows.push_back(std::move(entry));
        keep(m.insertion, rows_.size());
        rows_.swap(rows);
    }

    std::vector<Row> rows_;
    std::vector<Route> routes_;
};

} // namespace

RoutedTable ordered_covering(const Table& table, std::span<const std::uint8_t> straight, std::uint32_t target) {
    return OrderedCovering(table, straight).run(target);
}

RoutedTable pair_merge(const Table& table, std::span<const std::uint8_t> straight) {
    // Routes by ascending frequency, equally frequent ones as they come.
    std::map<Route, std::pair<std::size_t, std::size_t>> count; // and first appearance
    for (std::size_t i = 0; i < table.size(); ++i) {
        auto& c = count.emplace(table[i].route, std::pair<std::size_t, std::size_t>{0, i}).first->second;
        ++c.first;
    }
    struct Row {
        Pattern pattern;
        std::pair<std::size_t, std::size_t> rank;
        std::size_t route; ///< of this entry of the table
        std::uint8_t straight;
    };
    std::vector<Row> rows;
    for (std::size_t i = 0; i < table.size(); ++i)
        if ((table[i].key & ~table[i].mask) == 0)
            rows.push_back({{table[i].key, table[i].mask},
                            count.at(table[i].route),
                            i,
                            straight.empty() || straight[i] == 0 ? std::uint8_t{0} : std::uint8_t{1}});
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.rank < b.rank; });

    RoutedTable result;
    std::vector<Pattern> later(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        later[i] = rows[i].pattern;
    std::size_t begin = 0;
    while (begin < rows.size()) {
        std::size_t end = begin;
        while (end < rows.size() && rows[end].rank == rows[begin].rank)
            ++end;
        // Entries that were in the way lately are likely to be in the way again.
        std::vector<Pattern> rest(later.begin() + static_cast<std::ptrdiff_t>(end), later.end());
        const auto free = [&](Pattern p) {
            constexpr std::size_t front = 32;
            for (std::size_t k = 0; k < rest.size(); ++k)
                if (meet(rest[k], p)) {
                    if (k >= front) std::swap(rest[k], rest[k % front]);
                    return false;
                }
            return true;
        };
        std::size_t left = begin, right = end;
        while (left < right) {
            bool found = false;
            for (std::size_t k = left + 1; k < right && !found; ++k) {
                const Pattern p = merged(rows[left].pattern, rows[k].pattern);
                if (!free(p)) continue;
                rows[left].pattern = p;
                rows[left].straight &= rows[k].straight;
                rows[k] = rows[--right];
                found = true;
            }
            if (found) continue;
            result.entries.push_back({rows[left].pattern.key, rows[left].pattern.mask, table[rows[left].route].route});
            result.straight.push_back(rows[left].straight);
            ++left;
        }
        begin = end;
    }
    return result;
}

} // namespace spikecast::mapping
