# The shell scripts parse, pass shellcheck where there is one, and refuse what they don't know.
add_test(NAME scripts.parse_and_lint COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_scripts.sh ${CMAKE_SOURCE_DIR})
set_tests_properties(scripts.parse_and_lint PROPERTIES LABELS scripts TIMEOUT 120)

add_test(NAME scripts.sources_are_formatted COMMAND ${CMAKE_SOURCE_DIR}/scripts/format.sh --check)
# Only in a checkout: the script asks git which files there are.
if(NOT EXISTS ${CMAKE_SOURCE_DIR}/.git)
  set_tests_properties(scripts.sources_are_formatted PROPERTIES DISABLED ON)
endif()
set_tests_properties(scripts.sources_are_formatted PROPERTIES LABELS scripts TIMEOUT 120)
