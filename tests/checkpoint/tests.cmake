spikecast_test(checkpoint_file_test checkpoint/file_test.cpp RANKS 1 2 3)
spikecast_test(checkpoint_differences_test checkpoint/differences_test.cpp)

# The face of checkpoints: options, messages, what may change on resuming, branches, files that aren't whole.
add_test(NAME checkpoint.program COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/checkpoint/program.py
                                         $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
set_tests_properties(checkpoint.program PROPERTIES TIMEOUT 900 PROCESSORS 2)
