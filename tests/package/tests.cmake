# The installed package is found and linked by a small project of its own, as a user's would.
add_test(NAME package.consumer_finds_and_links
         COMMAND ${CMAKE_COMMAND} -D BUILD_DIR=${CMAKE_BINARY_DIR} -D CONSUMER_DIR=${CMAKE_CURRENT_LIST_DIR}/consumer
                 -D WORK_DIR=${CMAKE_BINARY_DIR}/package_test -D VERSION=${PROJECT_VERSION} -D GENERATOR=${CMAKE_GENERATOR}
                 -D CXX_COMPILER=${CMAKE_CXX_COMPILER} -D CXX_FLAGS=${CMAKE_CXX_FLAGS} -D HDF5_ROOT=${HDF5_ROOT}
                 -P ${CMAKE_CURRENT_LIST_DIR}/check_package.cmake)
set_tests_properties(package.consumer_finds_and_links PROPERTIES LABELS package TIMEOUT 300)
