// Names with numbers ("I_syn_1", "I_syn_2", ...) and the declarations that bear them, for models in which the elements
// of a list parameter make receptors or variables. All of it is made while compiling.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace spikecast::models {

template <std::size_t N>
struct Text {
    char characters[N]{};
    constexpr Text(const char (&text)[N]) { std::copy_n(text, N, characters); }
    [[nodiscard]] constexpr std::size_t size() const { return N - 1; }
};

/// names[k] is Stem followed by k + 1.
template <Text Stem, std::size_t Count>
class Numbered {
    static_assert(Count < 1000);
    static constexpr std::size_t width = Stem.size() + 3;
    static constexpr std::size_t digits(std::size_t n) { return n < 10 ? 1 : (n < 100 ? 2 : 3); }
    static constexpr std::array<char, Count* width> characters = [] {
        std::array<char, Count * width> all{};
        for (std::size_t k = 0; k < Count; ++k) {
            char* name = all.data() + k * width;
            std::copy_n(Stem.characters, Stem.size(), name);
            std::size_t n = k + 1;
            for (std::size_t place = digits(n); place-- > 0; n /= 10)
                name[Stem.size() + place] = static_cast<char>('0' + n % 10);
        }
        return all;
    }();

public:
    static constexpr std::array<std::string_view, Count> names = [] {
        std::array<std::string_view, Count> all{};
        for (std::size_t k = 0; k < Count; ++k)
            all[k] = {characters.data() + k * width, Stem.size() + digits(k + 1)};
        return all;
    }();
};

/// `first`, then `pattern` once under each of the names.
template <std::size_t Count, std::size_t N, class Declaration>
[[nodiscard]] constexpr std::array<Declaration, N + Count>
followed_by_numbered(const std::array<Declaration, N>& first, const Declaration& pattern,
                     const std::array<std::string_view, Count>& names) {
    std::array<Declaration, N + Count> all{};
    std::copy(first.begin(), first.end(), all.begin());
    for (std::size_t k = 0; k < Count; ++k) {
        all[N + k] = pattern;
        all[N + k].name = names[k];
    }
    return all;
}

} // namespace spikecast::models
