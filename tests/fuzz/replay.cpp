// Runs a fuzz target without libFuzzer, in any build: each seed as it is, then inputs made of the seeds for some
// seconds. The same arguments give the same inputs in the same order.
//
//     NAME_replay SECONDS SEED [FOLDER WITH SEEDS]
//
// An input that ends the program, or takes longer than ten seconds, is kept in NAME_replay.found.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t usual_bytes = 8192; ///< an input is as long at most, or as the longest seed
constexpr unsigned most_seconds = 10;     ///< for one input

std::string keep_in;
const Input* current = nullptr;

/// Only calls that a signal handler may make.
void keep_current() {
    if (current == nullptr) return;
    const int file = ::open(keep_in.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0) return;
    (void)!::write(file, current->data(), current->size());
    ::close(file);
    (void)!::write(2, "the input is in ", 16);
    (void)!::write(2, keep_in.data(), keep_in.size());
    (void)!::write(2, "\n", 1);
    current = nullptr;
}
void on_signal(int number) {
    keep_current();
    std::signal(number, SIG_DFL);
    std::raise(number);
}

class Mutator {
public:
    Mutator(std::vector<Input> seeds, std::uint64_t seed) : seeds_(std::move(seeds)), random_(seed) {
        if (seeds_.empty()) seeds_.emplace_back();
        for (const Input& each : seeds_)
            most_bytes_ = std::max(most_bytes_, each.size());
    }
    [[nodiscard]] const std::vector<Input>& seeds() const { return seeds_; }

    Input next() {
        Input x = seeds_[below(seeds_.size())];
        for (std::size_t edits = 1 + below(8); edits > 0; --edits)
            change(x);
        if (x.size() > most_bytes_) x.resize(most_bytes_);
        return x;
    }

private:
    std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(random_() % n); }
    std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }
    static auto place(Input& x, std::size_t at) { return x.begin() + static_cast<std::ptrdiff_t>(at); }

    void insert(Input& x, const std::uint8_t* from, std::size_t n) {
        x.insert(place(x, below(x.size() + 1)), from, from + n);
    }
    void change(Input& x) {
        static constexpr std::array<std::string_view, 22> tokens{
            "-1",     "0",  "1e308", "nan",       "inf", "4294967296", "18446744073709551616",
            "1e-320", "\n", "\"",    "[",         "]",   "{",          "}",
            "=",      ",",  "..",    "/dev/zero", " ms", " pA",        "\xff",
            "#"};
        const std::size_t at = below(x.size());
        switch (x.empty() ? 3 : below(9)) {
        case 0:
            x[at] ^= static_cast<std::uint8_t>(1U << below(8));
            break;
        case 1:
            x[at] = byte();
            break;
        case 2: // up to a tenth of it goes
            x.erase(place(x, at), place(x, std::min(x.size(), at + 1 + below(x.size() / 10 + 1))));
            break;
        case 3: {
            std::array<std::uint8_t, 8> some{};
            std::generate(some.begin(), some.end(), [&] { return byte(); });
            insert(x, some.data(), 1 + below(some.size()));
            break;
        }
        case 4:
        case 5: {
            const std::string_view token = tokens[below(tokens.size())];
            insert(x, reinterpret_cast<const std::uint8_t*>(token.data()), token.size());
            break;
        }
        case 6: { // a piece of a seed
            const Input& other = seeds_[below(seeds_.size())];
            if (other.empty()) break;
            const std::size_t begin = below(other.size());
            const Input piece(other.begin() + static_cast<std::ptrdiff_t>(begin),
                              other.begin() + static_cast<std::ptrdiff_t>(
                                                  std::min(other.size(), begin + 1 + below(other.size() / 4 + 1))));
            insert(x, piece.data(), piece.size());
            break;
        }
        case 7: // a digit becomes another one
            for (std::size_t i = at; i < x.size(); ++i)
                if (x[i] >= '0' && x[i] <= '9') {
                    x[i] = static_cast<std::uint8_t>('0' + below(10));
                    break;
                }
            break;
        default:
            if (below(4) == 0) x.resize(at);
        }
    }

    std::vector<Input> seeds_;
    std::size_t most_bytes_ = usual_bytes;
    std::mt19937_64 random_;
};

void run(const Input& input) {
    current = &input;
    ::alarm(most_seconds);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    ::alarm(0);
    current = nullptr;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: NAME_replay SECONDS SEED [FOLDER WITH SEEDS]\n", stderr);
        return 2;
    }
    const double seconds = std::atof(argv[1]);
    std::vector<Input> seeds;
    if (argc > 3 && std::filesystem::is_directory(argv[3])) {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(argv[3]))
            if (entry.is_regular_file()) files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        for (const auto& path : files) {
            std::ifstream file(path, std::ios::binary);
            seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        }
    }
    keep_in = std::filesystem::absolute(std::string(argv[0]) + ".found").string();
    for (const int number : {SIGABRT, SIGALRM, SIGSEGV, SIGFPE, SIGBUS, SIGILL})
        if (number == SIGABRT || number == SIGALRM || __sanitizer_set_death_callback == nullptr)
            std::signal(number, &on_signal);
    if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(&keep_current);

    Mutator mutator(std::move(seeds), std::strtoull(argv[2], nullptr, 10));
    for (const Input& seed : mutator.seeds())
        run(seed);
    std::size_t inputs = mutator.seeds().size();
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
        run(mutator.next());
        ++inputs;
    }
    std::printf("%zu inputs, nothing found\n", inputs);
    return 0;
}
