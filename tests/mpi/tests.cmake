# One answer, over ranks, threads, partitioners, exchange schemes, precisions and weight formats.
find_program(SPIKECAST_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
foreach(network brunel_tenth microcircuit rules space sparse_graph)
  add_test(NAME matrix.${network} COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/matrix.py
                                          $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --only ${network})
  set_tests_properties(matrix.${network} PROPERTIES TIMEOUT 900)
endforeach()
add_test(NAME matrix.full COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/matrix.py
                                  $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --full)
set_tests_properties(matrix.full PROPERTIES LABELS full TIMEOUT 5400)
