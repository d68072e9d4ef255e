// producer FOLDER [OVERLAY]... - a C++ program without a daemon serves a project folder and, looked
// into before it, the folders that its compilers write to.
#include <csignal>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "fsrv/server.h"

namespace
{

// All that C++ has to add to the C interface: each object with the function that ends it.
struct finish {
	void operator()(fsrv *files) const { fsrv_free(files); }
	void operator()(fsrv_server *server) const { fsrv_server_stop(server); }
};
using files_ptr = std::unique_ptr<fsrv, finish>;
using server_ptr = std::unique_ptr<fsrv_server, finish>;

// The hooks run on the threads of requests: one insertion for each line keeps lines whole.
void say(const std::string &line)
{
	std::cerr << line + "\n";
}

files_ptr open_files(const std::vector<const char *> &roots)
{
	fsrv_options options{};
	fsrv *files = nullptr;

	options.size = sizeof options;
	options.roots = roots.data();
	options.n_roots = roots.size();
	options.log = [](void *, const char *line) { say(std::string("producer: ") + line); };
	options.access = [](void *, const fsrv_access *access) {
		say(std::to_string(access->status) + " " + access->method + " " + access->target);
	};
	const int error = fsrv_new(&options, &files);
	if (error != FSRV_OK && error != FSRV_ERR_ROOT) // the log hook has named the folder
		say(std::string("producer: ") + fsrv_strerror(error));
	return files_ptr(files);
}

server_ptr start_server(fsrv &files)
{
	fsrv_server *server = nullptr;
	const int error = fsrv_server_start(&files, nullptr, &server);

	if (error != FSRV_OK)
		say(std::string("producer: ") + fsrv_strerror(error));
	return server_ptr(server);
}

sigset_t block_signals()
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, nullptr);
	return ends;
}

} // namespace

int main(int argc, char **argv)
{
	// The last overlay comes first.
	const std::vector<const char *> roots(std::reverse_iterator(argv + argc),
					      std::reverse_iterator(argv + 1));
	if (roots.empty()) {
		say("usage: producer FOLDER [OVERLAY]...");
		return 2;
	}
	const sigset_t ends = block_signals(); // before threads start, which inherit it
	const files_ptr files = open_files(roots);
	if (!files)
		return 2;
	const server_ptr server = start_server(*files); // made after the files, so it ends before them
	if (!server)
		return 2;
	int ended_by = 0;
	std::cout << fsrv_server_url(server.get()) << std::endl;
	sigwait(&ends, &ended_by);
	return 0;
}
