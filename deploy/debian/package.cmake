# What goes where when voiceai is installed, and the Debian package (`make deb`). README.md beside this
# file says what is in it and why.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY TRUE)
set(debian ${CMAKE_CURRENT_LIST_DIR})
set(deploy ${CMAKE_SOURCE_DIR}/deploy)

install(TARGETS voiceai RUNTIME DESTINATION bin)
install(DIRECTORY config DESTINATION share/voiceai)
install(FILES ${debian}/voiceai.env DESTINATION /etc/voiceai PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
file(GLOB units ${deploy}/systemd/*.service ${deploy}/systemd/*.socket ${deploy}/systemd/*.target)
install(FILES ${units} DESTINATION lib/systemd/system)
install(FILES ${debian}/lintian-overrides DESTINATION share/lintian/overrides RENAME voiceai)
install(FILES ${debian}/copyright DESTINATION share/doc/voiceai)
install(DIRECTORY ${deploy}/nginx ${deploy}/prometheus ${deploy}/grafana DESTINATION share/doc/voiceai/examples)
# Commands that are run where the state is use the settings of the units.
file(CREATE_LINK /etc/voiceai/voiceai.env ${CMAKE_BINARY_DIR}/state.env SYMBOLIC)
install(FILES ${CMAKE_BINARY_DIR}/state.env DESTINATION /var/lib/voiceai RENAME .env)
install(CODE "execute_process(COMMAND_ERROR_IS_FATAL ANY
	COMMAND ${debian}/documents ${CMAKE_BINARY_DIR}/documents $<TARGET_FILE:voiceai> ${PROJECT_VERSION})")
install(DIRECTORY ${CMAKE_BINARY_DIR}/documents/ DESTINATION share)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME voiceai)
set(CPACK_PACKAGE_CONTACT "the authors of voiceai <maintainers@voiceai.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "self-hosted platform for AI phone calls")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
	"Places and answers phone calls that an AI agent holds, shows them live
in a dashboard, and has every call summarised and scored. Works with
Twilio, Ultravox and OpenAI, and without them: a carrier (SIP, RTP),
a voice engine and an analyser are built in.")
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION comm)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Beside what is linked: what is loaded, read or run by name.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
	"libwebsockets-evlib-uv, ca-certificates, tzdata, init-system-helpers (>= 1.54), passwd")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "pocketsphinx-en-us, espeak-ng")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, redis-server, nginx, prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
	${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
include(CPack)
