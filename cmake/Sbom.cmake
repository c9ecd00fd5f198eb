# SPDX-License-Identifier: GPL-2.0-or-later
# virt-nested.spdx.json in the build folder, for packages to ship: what the programs are made of, as this build found it, after
# SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3). Its time is SOURCE_DATE_EPOCH's, where that is set.
include(CheckCXXSourceCompiles)

set(sbom "{\"spdxVersion\": \"SPDX-2.3\", \"dataLicense\": \"CC0-1.0\", \"SPDXID\": \"SPDXRef-DOCUMENT\", \"packages\": [], \"relationships\": []}")
macro(vn_sbom_set key value)
  string(JSON sbom SET "${sbom}" ${key} "\"${value}\"")
endmacro()
string(TIMESTAMP created "%Y-%m-%dT%H:%M:%SZ" UTC)
vn_sbom_set(name "virt-nested-${PROJECT_VERSION}")
vn_sbom_set(documentNamespace "${PROJECT_HOMEPAGE_URL}/spdx/${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR}")
string(JSON sbom SET "${sbom}" creationInfo "{\"created\": \"${created}\", \"creators\": [\"Tool: CMake-${CMAKE_VERSION}\"]}")

# vn_sbom(NAME VERSION LICENSE RELATION [OF]): one package, and how it stands to OF (virt-nested, if none is named). Nothing where
# VERSION is empty: this build is without it.
macro(vn_sbom package version license relation)
  if(NOT "${version}" STREQUAL "")
    string(JSON count LENGTH "${sbom}" packages)
    string(JSON sbom SET "${sbom}" packages ${count} "{\"SPDXID\": \"SPDXRef-${package}\", \"name\": \"${package}\", \"versionInfo\": \"${version}\",
      \"licenseDeclared\": \"${license}\", \"licenseConcluded\": \"NOASSERTION\", \"copyrightText\": \"NOASSERTION\",
      \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false}")
    string(JSON count LENGTH "${sbom}" relationships)
    if("${relation}" STREQUAL DESCRIBES)
      set(ends "\"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relatedSpdxElement\": \"SPDXRef-${package}\"")
    else()
      set(ends "\"spdxElementId\": \"SPDXRef-virt-nested\", \"relatedSpdxElement\": \"SPDXRef-${package}\"")
    endif()
    string(JSON sbom SET "${sbom}" relationships ${count} "{${ends}, \"relationshipType\": \"${relation}\"}")
  endif()
endmacro()

# vn_macro(VARIABLE HEADER MACRO): what the compiler has for it; empty where the library is another one.
function(vn_macro variable header name)
  file(WRITE "${CMAKE_BINARY_DIR}/CMakeFiles/macro.cpp" "#include <${header}>\nVALUE ${name}\n")
  separate_arguments(compiler UNIX_COMMAND "${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_ARG1}")
  if(CMAKE_SYSROOT)
    list(APPEND compiler "--sysroot=${CMAKE_SYSROOT}")
  endif()
  execute_process(COMMAND ${compiler} -E -P "${CMAKE_BINARY_DIR}/CMakeFiles/macro.cpp" OUTPUT_VARIABLE text ERROR_QUIET)
  if(text MATCHES "VALUE ([0-9]+)")
    set(${variable} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  else()
    set(${variable} "" PARENT_SCOPE)
  endif()
endfunction()

vn_sbom(virt-nested "${PROJECT_VERSION}" GPL-2.0-or-later DESCRIBES)
# Header-only, or its headers are.
find_package(nlohmann_json QUIET)
vn_sbom(nlohmann_json "${nlohmann_json_VERSION}" MIT STATIC_LINK)
string(REGEX REPLACE "_" "." boost "${Boost_VERSION_STRING}")
vn_sbom(boost_program_options "${boost}" BSL-1.0 DYNAMIC_LINK)
vn_sbom(libxml2 "${LIBXML2_VERSION_STRING}" MIT DYNAMIC_LINK)
find_package(LibArchive QUIET)
vn_sbom(libarchive "${LibArchive_VERSION}" BSD-2-Clause DYNAMIC_LINK)
if(VIRT_NESTED_LIBVIRT)
  find_package(PkgConfig QUIET)
  pkg_check_modules(SBOM_LIBVIRT QUIET libvirt)
  vn_sbom(libvirt "${SBOM_LIBVIRT_VERSION}" LGPL-2.1-or-later DYNAMIC_LINK)
endif()
# In the hook's static front.
vn_macro(glibc features.h __GLIBC__)
vn_macro(glibc_minor features.h __GLIBC_MINOR__)
if(glibc)
  vn_sbom(glibc "${glibc}.${glibc_minor}" LGPL-2.1-or-later STATIC_LINK)
endif()
vn_macro(libstdcxx cstddef _GLIBCXX_RELEASE)
vn_sbom(libstdc++ "${libstdcxx}" "GPL-3.0-or-later WITH GCC-exception-3.1" STATIC_LINK)

file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/virt-nested.spdx.json" CONTENT "${sbom}\n")
