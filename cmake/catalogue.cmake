# spikecast_catalogue(LIST SOURCES): from the lines "header struct" of LIST, one source file for each model and one with
# the table of all, in the build tree; SOURCES receives their paths. A changed list configures again.
function(spikecast_catalogue list sources)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  set(folder ${PROJECT_BINARY_DIR}/catalogue)
  set(declarations "")
  set(references "")
  set(count 0)
  set(files ${folder}/entries.cpp)
  file(STRINGS ${list} lines REGEX "^[^#]")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([a-z0-9_]+/([a-z0-9_]+)\\.hpp) +([A-Za-z0-9]+)$")
      message(FATAL_ERROR "${list}: \"${line}\" isn't a header below models/ and the name of a struct")
    endif()
    set(header ${CMAKE_MATCH_1})
    set(struct ${CMAKE_MATCH_3})
    set(file ${folder}/${struct}.cpp)
    set(text "// Written by cmake/catalogue.cmake.
#include \"models/entry.hpp\"
#include \"models/${header}\"

namespace spikecast::models {
extern const CatalogueEntry entry_${struct};
const CatalogueEntry entry_${struct} = entry_of<${struct}>();
} // namespace spikecast::models
")
    file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
    list(APPEND files ${file})
    string(APPEND declarations "extern const CatalogueEntry entry_${struct};\n")
    string(APPEND references "    &entry_${struct},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  set(text "// Written by cmake/catalogue.cmake.
#include \"models/entry.hpp\"

namespace spikecast::models {
${declarations}
namespace {
constexpr const CatalogueEntry* all[${count}] = {
${references}};
} // namespace
std::span<const CatalogueEntry* const> catalogue_entries() {
    return all;
}
} // namespace spikecast::models
")
  file(CONFIGURE OUTPUT ${folder}/entries.cpp CONTENT "${text}" @ONLY)
  set(${sources} ${files} PARENT_SCOPE)
endfunction()
