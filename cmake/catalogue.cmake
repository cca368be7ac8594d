# Kernels of neurons for registers of 512 bits, used where the processor has them, in programs for narrower ones. Not with
# sanitizers, whose functions both kinds would share (models/neuron_kernel.hpp), nor where the program needs AVX-512 anyway.
set(spikecast_wide_kernels OFF)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS "-march=x86-64-v4")
  check_cxx_source_compiles("int main() { return 0; }" SPIKECAST_COMPILES_AVX512)
  if(SPIKECAST_ARCH)
    set(CMAKE_REQUIRED_FLAGS "-march=${SPIKECAST_ARCH}")
  else()
    set(CMAKE_REQUIRED_FLAGS "")
  endif()
  check_cxx_source_compiles("#ifdef __AVX512F__
#error
#endif
int main() { return 0; }" SPIKECAST_BELOW_AVX512_${SPIKECAST_ARCH})
  unset(CMAKE_REQUIRED_FLAGS)
  if(SPIKECAST_COMPILES_AVX512 AND SPIKECAST_BELOW_AVX512_${SPIKECAST_ARCH})
    set(spikecast_wide_kernels ON)
  endif()
endif()

# spikecast_catalogue(LIST SOURCES): from the lines "header struct" of LIST, one source file for each model and one with
# the table of all, in the build tree; SOURCES receives their paths. A changed list configures again.
function(spikecast_catalogue list sources)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  set(folder ${PROJECT_BINARY_DIR}/catalogue)
  set(declarations "")
  set(references "")
  set(count 0)
  set(synapse_declarations "")
  set(synapse_references "")
  set(synapse_count 0)
  set(files ${folder}/entries.cpp)
  file(STRINGS ${list} lines REGEX "^[^#]")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([a-z0-9_]+/([a-z0-9_]+)\\.hpp) +([A-Za-z0-9]+)$")
      message(FATAL_ERROR "${list}: \"${line}\" isn't a header below models/ and the name of a struct")
    endif()
    set(header ${CMAKE_MATCH_1})
    set(struct ${CMAKE_MATCH_3})
    set(file ${folder}/${struct}.cpp)
    set(kind "")
    set(Kind "")
    if(header MATCHES "^(plasticity|synapses)/")
      set(kind "synapse_")
      set(Kind "Synapse")
    endif()
    set(text "// Written by cmake/catalogue.cmake.
#include \"models/entry.hpp\"
#include \"models/${header}\"

namespace spikecast::models {
extern const ${Kind}CatalogueEntry entry_${struct};
const ${Kind}CatalogueEntry entry_${struct} = ${kind}entry_of<${struct}>();
} // namespace spikecast::models
")
    file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
    list(APPEND files ${file})
    file(STRINGS ${PROJECT_SOURCE_DIR}/models/${header} driven REGEX "Population = NeuronBlock<${struct}, T>")
    if(spikecast_wide_kernels AND driven)
      set(file ${folder}/${struct}_512_bits.cpp)
      set(text "// Written by cmake/catalogue.cmake.
#include \"models/${header}\"

namespace spikecast::models {
template <>
const KernelFunction<float> WideKernel<${struct}, float>::update = &NeuronKernel<${struct}, float, 16>::update;
template <>
const KernelFunction<double> WideKernel<${struct}, double>::update = &NeuronKernel<${struct}, double, 8>::update;
} // namespace spikecast::models
")
      file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
      set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "-O3;-march=x86-64-v4;-mprefer-vector-width=512")
      list(APPEND files ${file})
    endif()
    string(APPEND ${kind}declarations "extern const ${Kind}CatalogueEntry entry_${struct};\n")
    string(APPEND ${kind}references "    &entry_${struct},\n")
    math(EXPR ${kind}count "${${kind}count} + 1")
  endforeach()
  set(text "// Written by cmake/catalogue.cmake.
#include \"models/entry.hpp\"

namespace spikecast::models {
${declarations}${synapse_declarations}
namespace {
constexpr const CatalogueEntry* all[${count}] = {
${references}};
constexpr const SynapseCatalogueEntry* all_synapses[${synapse_count}] = {
${synapse_references}};
} // namespace
std::span<const CatalogueEntry* const> catalogue_entries() {
    return all;
}
std::span<const SynapseCatalogueEntry* const> synapse_catalogue_entries() {
    return all_synapses;
}
} // namespace spikecast::models
")
  file(CONFIGURE OUTPUT ${folder}/entries.cpp CONTENT "${text}" @ONLY)
  set(${sources} ${files} PARENT_SCOPE)
endfunction()
