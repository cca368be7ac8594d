file(GLOB mapping_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_test.cpp)
foreach(source IN LISTS mapping_tests)
  get_filename_component(name ${source} NAME_WE)
  spikecast_test(mapping_${name} ${source})
endforeach()
# The same properties of more random mappings.
target_compile_definitions(mapping_property_test PRIVATE PROPERTY_CASES=500)
spikecast_test(mapping_properties_full ${CMAKE_CURRENT_LIST_DIR}/property_test.cpp LABELS full)
target_compile_definitions(mapping_properties_full PRIVATE PROPERTY_CASES=10000)
