# Finds libpqxx (Debian ships no CMake package for it) and the libpq it stands on: the target Pqxx::Pqxx.
find_path(Pqxx_INCLUDE_DIR pqxx/pqxx)
find_library(Pqxx_LIBRARY pqxx)
find_library(Pqxx_PQ_LIBRARY pq)
if(Pqxx_INCLUDE_DIR)
  foreach(header version.hxx version) # newer and older ones
    if(NOT Pqxx_VERSION AND EXISTS "${Pqxx_INCLUDE_DIR}/pqxx/${header}")
      file(STRINGS "${Pqxx_INCLUDE_DIR}/pqxx/${header}" line REGEX "define PQXX_VERSION ")
      string(REGEX REPLACE ".*\"([^\"]*)\".*" "\\1" Pqxx_VERSION "${line}")
    endif()
  endforeach()
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Pqxx REQUIRED_VARS Pqxx_LIBRARY Pqxx_PQ_LIBRARY Pqxx_INCLUDE_DIR VERSION_VAR Pqxx_VERSION)
if(Pqxx_FOUND AND NOT TARGET Pqxx::Pqxx)
  add_library(Pqxx::Pqxx UNKNOWN IMPORTED)
  set_target_properties(Pqxx::Pqxx PROPERTIES IMPORTED_LOCATION "${Pqxx_LIBRARY}"
                                              INTERFACE_INCLUDE_DIRECTORIES "${Pqxx_INCLUDE_DIR}"
                                              INTERFACE_LINK_LIBRARIES "${Pqxx_PQ_LIBRARY}")
endif()
mark_as_advanced(Pqxx_INCLUDE_DIR Pqxx_LIBRARY Pqxx_PQ_LIBRARY)
