# cmake -DOUT=FILE.c -DDIR=FOLDER -DFILES="a;b" -P embed.cmake
# Write FILE.c: the files of FOLDER as the table page_files (src/platform/api/page.h).
set(types_html "text/html; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_svg "image/svg+xml")

set(arrays "")
set(rows "")
set(index 0)
foreach(file ${FILES})
	file(READ ${DIR}/${file} hex HEX)
	file(SHA256 ${DIR}/${file} sum)
	string(SUBSTRING ${sum} 0 32 sum)
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
	string(REGEX REPLACE "^.*\\." "" ext ${file})
	string(APPEND arrays "static const unsigned char data_${index}[] = {${bytes}0};\n")
	set(path "/${file}")
	if(file STREQUAL "index.html")
		set(path "/")
	endif()
	string(APPEND rows
		"\t{\"${path}\", \"${types_${ext}}\", \"\\\"${sum}\\\"\", data_${index}, sizeof(data_${index}) - 1},\n")
	math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUT} "#include \"platform/api/page.h\"\n\n${arrays}
const struct page_file page_files[] = {\n${rows}};
const size_t page_file_count = ${index};\n")
