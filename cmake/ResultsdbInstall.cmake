# Install rules and the package that find_package(resultsdb COMPONENTS …) reads: one export file a component, so that
# a program that wants resultsdb::core needs neither SQLite nor expat.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/resultsdb")
get_property(components GLOBAL PROPERTY RESULTSDB_COMPONENTS)
foreach(component IN LISTS components)
  install(TARGETS resultsdb_${component} EXPORT resultsdb-${component}
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(EXPORT resultsdb-${component} NAMESPACE resultsdb:: DESTINATION "${package_directory}")
endforeach()
foreach(program resultsdb-server resultsdb)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endforeach()
install(DIRECTORY "${resultsdb_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES "${resultsdb_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/resultsdbConfig.cmake.in"
                              "${CMAKE_CURRENT_BINARY_DIR}/resultsdbConfig.cmake" INSTALL_DESTINATION "${package_directory}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/resultsdbConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/resultsdbConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/resultsdbConfigVersion.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/FindHiredis.cmake" "${CMAKE_CURRENT_LIST_DIR}/FindPqxx.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/Findzstd.cmake" DESTINATION "${package_directory}")
