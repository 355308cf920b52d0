# Install rules and the package that find_package(resultsdb) reads.
include(GNUInstallDirs)
