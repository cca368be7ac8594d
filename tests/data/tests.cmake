spikecast_test(encoders_test data/encoders_test.cpp)
target_link_libraries(encoders_test PRIVATE ${LIBZIP_LIBRARY} ${ZLIB_LIBRARIES})
spikecast_test(hdf5_input_test data/hdf5_input_test.cpp)
find_program(SPIKECAST_PYTHON NAMES python3 HINTS /usr/bin REQUIRED)
add_test(NAME encoders_end_to_end COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/data/encoders_end_to_end.py
                                          $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
set_tests_properties(encoders_end_to_end PROPERTIES TIMEOUT 600 PROCESSORS 2)
