spikecast_test(exact_integration_test validation/exact_integration_test.cpp LABELS validation)
spikecast_test(neuron_block_test validation/neuron_block_test.cpp LABELS validation)
spikecast_test(simple_models_test validation/simple_models_test.cpp LABELS validation)
spikecast_test(generators_test validation/generators_test.cpp LABELS validation)
spikecast_test(generator_laws_test validation/generator_laws_test.cpp LABELS validation)
spikecast_test(catalogue_test validation/catalogue_test.cpp LABELS validation)
spikecast_test(nonlinear_neurons_test validation/nonlinear_neurons_test.cpp LABELS validation)
spikecast_test(cable_test validation/cable_test.cpp LABELS validation)
spikecast_test(escape_noise_test validation/escape_noise_test.cpp LABELS validation)

find_program(SPIKECAST_PYTHON NAMES python3 HINTS /usr/bin REQUIRED)
add_test(NAME wide_kernels.symbols COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/wide_symbols.py
                                           $<TARGET_OBJECTS:spikecast_models> COMMAND_EXPAND_LISTS)
set_tests_properties(wide_kernels.symbols PROPERTIES SKIP_RETURN_CODE 77)
