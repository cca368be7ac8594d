// Router tables: what is read is what is written and read again.
#include "partitioners/spinnaker/tables.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    fuzz::answers([&] {
        const mapping::Table table = mapping::read_table(fuzz::scratch().write("table.csv", data, size));
        const std::string again = fuzz::scratch().path("again.csv");
        mapping::write_table(table, again);
        if (mapping::read_table(again) != table) std::abort();
    });
    return 0;
}
