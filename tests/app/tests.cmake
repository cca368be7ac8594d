# What `spikecast check` predicts against what runs report, for all shipped experiments.
find_program(SPIKECAST_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
add_test(NAME app.predictions COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/check_predictions.py
                                      --program $<TARGET_FILE:spikecast_program>)
set_tests_properties(app.predictions PROPERTIES LABELS full TIMEOUT 7200 RUN_SERIAL TRUE SKIP_RETURN_CODE 77)
