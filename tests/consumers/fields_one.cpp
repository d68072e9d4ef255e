// fields_one FOLDER NAME TEXT - like serve_one, in C++11 and with header fields of its own: it ends with 0
// when NAME came with TEXT and the fields of a rule, of CORS and of a function.
#include <string>

#include <fsrv/server.h>

#include "fetch.hpp"

namespace
{

void add_fields(void *cls, const fsrv_response *response, fsrv_fields *fields)
{
	const std::string name = static_cast<const char *>(cls);
	char value[FSRV_DISPOSITION_SIZE];

	if (response->status == 200 && response->path == name && !response->is_page &&
	    fsrv_disposition_write(FSRV_DISPOSITION_ATTACHMENT, response->path, value, sizeof value) ==
		    FSRV_OK)
		fsrv_field_set(fields, "Content-Disposition", value);
	fsrv_field_add(fields, "X-Added", "1");
	fsrv_field_remove(fields, "X-Content-Type-Options");
}

fsrv *open_files(const char *root, char *name)
{
	static const fsrv_field_rule rules[] = {{"*.txt", "Cache-Control", "max-age=60"},
						{"*", "ETag", nullptr}};
	static const char *const origins[] = {"*"};
	fsrv_options options{};
	fsrv *files = nullptr;

	options.size = sizeof options;
	options.roots = &root;
	options.n_roots = 1;
	options.flags = FSRV_ISOLATE;
	options.field_rules = rules;
	options.n_field_rules = 2;
	options.cors_origins = origins;
	options.n_cors_origins = 1;
	options.fields = add_fields;
	options.fields_cls = name;
	return fsrv_new(&options, &files) == FSRV_OK ? files : nullptr;
}

bool has(const std::string &all, const std::string &line)
{
	return all.find("\r\n" + line + "\r\n") != std::string::npos;
}

bool is_right(const std::string &answer, const std::string &name, const std::string &text)
{
	return has(answer, "Content-Disposition: attachment; filename=\"" + name + "\"") &&
	       has(answer, "X-Added: 1") && has(answer, "Cache-Control: max-age=60") &&
	       has(answer, "Access-Control-Allow-Origin: *") &&
	       has(answer, "Cross-Origin-Opener-Policy: same-origin") &&
	       answer.find("\r\nETag:") == std::string::npos &&
	       answer.find("X-Content-Type-Options") == std::string::npos &&
	       answer.find("\r\n\r\n" + text) != std::string::npos;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	fsrv *const files = open_files(argv[1], argv[2]);
	fsrv_server *server = nullptr;
	if (files == nullptr || fsrv_server_start(files, nullptr, &server) != FSRV_OK)
		return 2;
	const bool good = is_right(fetch(fsrv_server_port(server), argv[2]), argv[2], argv[3]);
	fsrv_server_stop(server);
	fsrv_free(files);
	return good ? 0 : 1;
}
