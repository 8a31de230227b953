# cmake -DOUT=FILE.c -DROOT=FOLDER -DFILES="FOLDER/a;FOLDER/b/c;/elsewhere/d" -P embed.cmake
# Write FILE.c: the files as the table page_files (src/platform/api/page.h), each as it is and
# compressed. A file below ROOT is served under its path there, another one under its name; index.html
# as "/", other pages without their extension.
set(type_html "text/html; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_json "application/json")
set(type_webmanifest "application/manifest+json")

# The bytes of a file as the array NAME.
function(embed_bytes name path)
	file(READ ${path} hex HEX)
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
	set(arrays "${arrays}static const unsigned char ${name}[] = {${bytes}0};\n" PARENT_SCOPE)
endfunction()

set(arrays "")
set(rows "")
set(index 0)
foreach(file ${FILES})
	execute_process(COMMAND gzip -9nc ${file} OUTPUT_FILE ${OUT}.gz COMMAND_ERROR_IS_FATAL ANY)
	embed_bytes(plain_${index} ${file})
	embed_bytes(gzip_${index} ${OUT}.gz)
	file(SHA256 ${file} sum)
	string(SUBSTRING ${sum} 0 32 sum)
	string(REGEX REPLACE "^.*\\." "" ext ${file})
	cmake_path(IS_PREFIX ROOT ${file} below)
	if(below)
		file(RELATIVE_PATH name ${ROOT} ${file})
	else()
		get_filename_component(name ${file} NAME)
	endif()
	string(REGEX REPLACE "(index)?\\.html$" "" path "/${name}")
	string(APPEND rows "\t{\"${path}\", \"${type_${ext}}\",\n"
		"\t {\"\\\"${sum}\\\"\", plain_${index}, sizeof(plain_${index}) - 1},\n"
		"\t {\"\\\"${sum}-gzip\\\"\", gzip_${index}, sizeof(gzip_${index}) - 1}},\n")
	math(EXPR index "${index} + 1")
endforeach()
file(REMOVE ${OUT}.gz)
file(WRITE ${OUT} "#include \"platform/api/page.h\"\n\n${arrays}
const struct page_file page_files[] = {\n${rows}};
const size_t page_file_count = ${index};\n")
