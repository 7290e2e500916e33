# pd_embed(OUTPUT NAME INPUT...): OUTPUT becomes a header with the bytes of the INPUTs as `static const char NAME[]`.
function(pd_embed output name)
  set(bytes "")
  foreach(input IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${input})
    file(READ ${input} hex HEX)
    string(APPEND bytes "${hex}")
  endforeach()
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(0x0a,)" "\\1\n" bytes "${bytes}") # a line per line
  file(CONFIGURE OUTPUT ${output} CONTENT "/* generated from ${ARGN} */\nstatic const char ${name}[] = {\n${bytes}\n};\n" @ONLY)
endfunction()
