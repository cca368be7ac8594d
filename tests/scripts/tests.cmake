# The shell scripts parse, pass shellcheck where there is one, and refuse what they don't know.
add_test(NAME scripts.parse_and_lint COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_scripts.sh ${CMAKE_SOURCE_DIR})
set_tests_properties(scripts.parse_and_lint PROPERTIES LABELS scripts TIMEOUT 120)

add_test(NAME scripts.sources_are_formatted COMMAND ${CMAKE_SOURCE_DIR}/scripts/format.sh --check)
# Only in a checkout: the script asks git which files there are.
if(NOT EXISTS ${CMAKE_SOURCE_DIR}/.git)
  set_tests_properties(scripts.sources_are_formatted PROPERTIES DISABLED ON)
endif()
set_tests_properties(scripts.sources_are_formatted PROPERTIES LABELS scripts TIMEOUT 120)

# clang-tidy on all cores; what passed isn't checked again until it changes. The engine in every run, all sources with
# their tests in full ones, since that takes longer than everything else. Not in sanitizer builds, which compile the
# same sources; skipped where there is no clang-tidy of the pinned version (exit code 3).
include(ProcessorCount)
ProcessorCount(cores)
add_test(NAME tidy.engine COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/tidy.py --build ${CMAKE_BINARY_DIR}
                                  --under engine/core --under engine/exchange)
set_tests_properties(tidy.engine PROPERTIES LABELS tidy TIMEOUT 900 PROCESSORS ${cores} SKIP_RETURN_CODE 3)
add_test(NAME tidy.all COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/tidy.py --build ${CMAKE_BINARY_DIR})
set_tests_properties(tidy.all PROPERTIES LABELS "tidy;full" TIMEOUT 3600 PROCESSORS ${cores} SKIP_RETURN_CODE 3)
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  set_tests_properties(tidy.engine tidy.all PROPERTIES DISABLED ON)
endif()
# A fault in a source is found, one in a header of ours too, and what passed is remembered until it changes.
add_test(NAME tidy.notices_faults COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/tidy_test.py
                                          ${CMAKE_SOURCE_DIR}/scripts/tidy.py)
set_tests_properties(tidy.notices_faults PROPERTIES LABELS tidy TIMEOUT 300 SKIP_RETURN_CODE 3)
