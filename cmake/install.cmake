# Installation and the exported package: after `cmake --install`, find_package(spikecast) gives spikecast::spikecast.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(spikecast_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spikecast)

set_target_properties(spikecast_core PROPERTIES EXPORT_NAME core)
set_target_properties(spikecast_models PROPERTIES EXPORT_NAME models)
set_target_properties(spikecast_partitioners PROPERTIES EXPORT_NAME partitioners)
set_target_properties(spikecast_mapping PROPERTIES EXPORT_NAME mapping)
# Public headers are C++20, whatever the consumer's default is.
target_compile_features(spikecast_core PUBLIC cxx_std_20)
# On a cluster MPI and HDF5 lie where the loader doesn't look by itself.
set_target_properties(spikecast_program PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)

# The same name inside the build tree (FetchContent, add_subdirectory) and from the installed package.
add_library(spikecast::spikecast ALIAS spikecast)

install(TARGETS spikecast spikecast_core spikecast_models spikecast_partitioners spikecast_mapping
        EXPORT spikecast_targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS spikecast_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/spikecast DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT spikecast_targets NAMESPACE spikecast:: DESTINATION ${spikecast_package_dir})

configure_package_config_file(cmake/spikecast-config.cmake.in ${PROJECT_BINARY_DIR}/spikecast-config.cmake
                              INSTALL_DESTINATION ${spikecast_package_dir})
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/spikecast-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/spikecast-config.cmake ${PROJECT_BINARY_DIR}/spikecast-config-version.cmake
        DESTINATION ${spikecast_package_dir})
