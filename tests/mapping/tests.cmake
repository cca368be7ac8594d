file(GLOB mapping_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_test.cpp)
list(REMOVE_ITEM mapping_tests ${CMAKE_CURRENT_LIST_DIR}/split_test.cpp) # plans want MPI
spikecast_test(mapping_split_test ${CMAKE_CURRENT_LIST_DIR}/split_test.cpp RANKS 1)
foreach(source IN LISTS mapping_tests)
  get_filename_component(name ${source} NAME_WE)
  spikecast_test(mapping_${name} ${source})
endforeach()
# The same properties of more random mappings.
add_test(NAME mapping_properties.full COMMAND mapping_property_test)
set_tests_properties(mapping_properties.full PROPERTIES LABELS full TIMEOUT 3600 ENVIRONMENT PROPERTY_CASES=10000)

find_program(SPIKECAST_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
foreach(script bad_input end_to_end)
  add_test(NAME mapping.${script} COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/${script}.py
                                          $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
  set_tests_properties(mapping.${script} PROPERTIES TIMEOUT 600)
endforeach()
