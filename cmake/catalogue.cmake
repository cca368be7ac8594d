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

# A source file of the catalogue in the build tree.
function(spikecast_catalogue_file file includes definitions)
  set(text "// Written by cmake/catalogue.cmake.
${includes}
namespace spikecast::models {
${definitions}} // namespace spikecast::models
")
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
endfunction()

# spikecast_catalogue(LIST SOURCES): from the lines "header struct" of LIST, source files for the models and one with the
# table of all, in the build tree; SOURCES receives their paths. A changed list configures again. Neurons and synapses
# have files of their own: in one with others the compiler inlines less (its limit on a unit's growth), which costs up to
# half of a kernel's speed. Generators share files, for which the headers are read once, and so do all models in builds with
# sanitizers, of which nobody wants to know the speed.
function(spikecast_catalogue list sources)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  set(folder ${PROJECT_BINARY_DIR}/catalogue)
  set(models_in_a_file 6)
  set(files ${folder}/entries.cpp)
  foreach(kind "" synapse_)
    set(${kind}declarations "")
    set(${kind}references "")
    set(${kind}count 0)
  endforeach()
  set(shared_includes "")
  set(shared_definitions "")
  set(shared 0)
  set(shared_files 0)
  file(STRINGS ${list} lines REGEX "^[^#]")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([a-z0-9_]+/([a-z0-9_]+)\\.hpp) +([A-Za-z0-9]+)$")
      message(FATAL_ERROR "${list}: \"${line}\" isn't a header below models/ and the name of a struct")
    endif()
    set(include "#include \"models/${CMAKE_MATCH_1}\"\n")
    set(header ${CMAKE_MATCH_1})
    set(struct ${CMAKE_MATCH_3})
    set(kind "")
    set(Kind "")
    if(header MATCHES "^(plasticity|synapses)/")
      set(kind synapse_)
      set(Kind Synapse)
    endif()
    string(APPEND ${kind}declarations "extern const ${Kind}CatalogueEntry entry_${struct};\n")
    string(APPEND ${kind}references "    &entry_${struct},\n")
    math(EXPR ${kind}count "${${kind}count} + 1")
    set(definition "extern const ${Kind}CatalogueEntry entry_${struct};
const ${Kind}CatalogueEntry entry_${struct} = ${kind}entry_of<${struct}>();
")
    file(STRINGS ${PROJECT_SOURCE_DIR}/models/${header} driven REGEX "Population = NeuronBlock<${struct}, T>")
    if(header MATCHES "^generators/" OR CMAKE_CXX_FLAGS MATCHES "-fsanitize")
      string(APPEND shared_includes "${include}")
      string(APPEND shared_definitions "${definition}")
      math(EXPR shared "${shared} + 1")
      if(shared EQUAL models_in_a_file)
        math(EXPR shared_files "${shared_files} + 1")
        spikecast_catalogue_file(${folder}/models_${shared_files}.cpp
                                 "#include \"models/entry.hpp\"\n${shared_includes}" "${shared_definitions}")
        list(APPEND files ${folder}/models_${shared_files}.cpp)
        set(shared_includes "")
        set(shared_definitions "")
        set(shared 0)
      endif()
      continue()
    endif()
    spikecast_catalogue_file(${folder}/${struct}.cpp "#include \"models/entry.hpp\"\n${include}" "${definition}")
    list(APPEND files ${folder}/${struct}.cpp)
    if(spikecast_wide_kernels AND driven)
      set(file ${folder}/${struct}_512_bits.cpp)
      spikecast_catalogue_file(${file} "${include}" "template <>
const KernelFunction<float> WideKernel<${struct}, float>::update = &NeuronKernel<${struct}, float, 16>::update;
template <>
const KernelFunction<double> WideKernel<${struct}, double>::update = &NeuronKernel<${struct}, double, 8>::update;
")
      set_source_files_properties(${file} PROPERTIES SKIP_PRECOMPILE_HEADERS ON
                                  COMPILE_OPTIONS "-O3;-march=x86-64-v4;-mprefer-vector-width=512")
      list(APPEND files ${file})
    endif()
  endforeach()
  if(shared GREATER 0)
    spikecast_catalogue_file(${folder}/models.cpp
                             "#include \"models/entry.hpp\"\n${shared_includes}" "${shared_definitions}")
    list(APPEND files ${folder}/models.cpp)
  endif()
  spikecast_catalogue_file(${folder}/entries.cpp "#include \"models/entry.hpp\"\n"
                           "${declarations}${synapse_declarations}
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
")
  set(${sources} ${files} PARENT_SCOPE)
endfunction()
