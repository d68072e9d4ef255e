// What a server on loopback answers for a name, head and body, by system calls alone.
#ifndef FETCH_HPP
#define FETCH_HPP

#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

inline std::string fetch(unsigned port, const std::string &name)
{
	const std::string request =
		"GET /" + name + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
	std::string answer;
	sockaddr_in address{};
	char block[4096];
	ssize_t n = 0;

	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(static_cast<std::uint16_t>(port));
	if (connect(socket_fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0 &&
	    write(socket_fd, request.data(), request.size()) == static_cast<ssize_t>(request.size()))
		while ((n = read(socket_fd, block, sizeof block)) > 0)
			answer.append(block, static_cast<std::size_t>(n));
	close(socket_fd);
	return answer;
}

#endif
