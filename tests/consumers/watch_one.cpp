// watch_one FOLDER NAME TEXT - like serve_one, in C++11 and with a daemon of its own that does not wait for
// disks: it ends with 0 when the counters and the end that was told say that NAME went out whole.
#include <atomic>
#include <cstdint>
#include <string>

#include <fsrv/fsrv.h>

#include "fetch.hpp"

namespace
{

struct ending {
	std::atomic<unsigned> calls{0};
	std::atomic<std::uint64_t> sent{0};
	std::atomic<unsigned> status{0};
	std::atomic<fsrv_ending> how{FSRV_ENDING_ABORTED};
};

void take_ending(void *cls, const fsrv_completion *completion)
{
	auto &last = *static_cast<ending *>(cls);

	last.sent = completion->sent;
	last.status = completion->status;
	last.how = completion->ending;
	++last.calls;
}

fsrv *open_files(const char *root, ending &last)
{
	fsrv_options options{};
	fsrv *files = nullptr;

	options.size = sizeof options;
	options.roots = &root;
	options.n_roots = 1;
	options.flags = FSRV_URL_IS_RAW | FSRV_COMPLETION_IS_TOLD;
	options.completion = take_ending;
	options.completion_cls = &last;
	return fsrv_new(&options, &files) == FSRV_OK ? files : nullptr;
}

MHD_Daemon *start_daemon(fsrv *files)
{
	sockaddr_in loopback{};

	loopback.sin_family = AF_INET;
	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr,
				fsrv_handle, files, MHD_OPTION_SOCK_ADDR, &loopback,
				MHD_OPTION_UNESCAPE_CALLBACK, fsrv_keep_escapes, nullptr,
				MHD_OPTION_NOTIFY_COMPLETED, fsrv_request_completed, files, MHD_OPTION_END);
}

bool ends_with(const std::string &all, const std::string &end)
{
	return all.size() >= end.size() && all.compare(all.size() - end.size(), end.size(), end) == 0;
}

// The function of the same name hides the struct: so "struct" cannot be left away.
bool counted(fsrv *files, std::uint64_t bytes)
{
	struct fsrv_stats stats {
	};

	stats.size = sizeof stats;
	return fsrv_stats(files, &stats) == FSRV_OK && stats.requests == 1 && stats.responses[200] == 1 &&
	       stats.bytes == bytes && stats.live_bodies == 0;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	const std::string text = argv[3];
	ending last;
	fsrv *const files = open_files(argv[1], last);
	MHD_Daemon *const daemon = files != nullptr ? start_daemon(files) : nullptr;
	if (daemon == nullptr)
		return 2;
	const std::string answer =
		fetch(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port, argv[2]);
	fsrv_drain(files);
	MHD_stop_daemon(daemon);
	const bool told = last.calls == 1 && last.status == 200 && last.how == FSRV_ENDING_COMPLETE &&
			  last.sent == text.size();
	const bool good = told && counted(files, text.size()) && ends_with(answer, text);
	fsrv_free(files);
	return good ? 0 : 1;
}
