# The shell scripts parse, pass shellcheck where there is one, and refuse what they don't know.
add_test(NAME scripts.parse_and_lint COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_scripts.sh ${CMAKE_SOURCE_DIR})
set_tests_properties(scripts.parse_and_lint PROPERTIES LABELS scripts TIMEOUT 120)
