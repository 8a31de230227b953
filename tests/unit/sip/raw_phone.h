/*
 * A phone made by hand out of two UDP sockets, for tests of what well-behaved phones never do: it
 * sends any bytes at any moment and looks at what really comes back. IPv4, loopback.
 */
#pragma once

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RAW_MSG = 8192, RAW_NAME = 512 };

struct raw_phone {
	int sip_fd, rtp_fd, rtcp_fd;
	uint16_t sip_port, rtp_port;
	struct sockaddr_in peer;     /* SIP of the stack under test */
	struct sockaddr_in rtp_peer; /* its RTP, once an SDP of its was seen */
	char msg[RAW_MSG];           /* the last message received */
	char invite[RAW_MSG];        /* the INVITE received or sent last */
	char call_id[RAW_NAME], local[RAW_NAME], remote[RAW_NAME]; /* of the dialogue */
	unsigned cseq;

	uint16_t seq;
	uint32_t ts, ssrc;
	uint8_t packet[2048]; /* the last RTP packet received */
	int packets;
};

static inline int raw_socket(uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	getsockname(fd, (struct sockaddr *)&addr, &len);
	if (ret_port)
		*ret_port = ntohs(addr.sin_port);
	return fd;
}

static inline void raw_open_rtp(struct raw_phone *phone)
{
	do {
		phone->rtp_fd = raw_socket(0, &phone->rtp_port);
		phone->rtcp_fd = phone->rtp_port % 2 ? -1 : raw_socket(phone->rtp_port + 1, NULL);
		if (phone->rtcp_fd < 0)
			close(phone->rtp_fd);
	} while (phone->rtcp_fd < 0);
}

static inline void raw_open(struct raw_phone *phone, uint16_t peer_port)
{
	*phone = (struct raw_phone){
		.ssrc = 0x1234, .seq = 65500, .ts = UINT32_MAX - 4000, .cseq = 1};
	phone->sip_fd = raw_socket(0, &phone->sip_port);
	raw_open_rtp(phone);
	phone->peer = (struct sockaddr_in){.sin_family = AF_INET,
					   .sin_port = htons(peer_port),
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	phone->rtp_peer = phone->peer;
	snprintf(phone->call_id, sizeof(phone->call_id), "raw%u-%d", phone->sip_port, getpid());
	snprintf(phone->local, sizeof(phone->local), "<sip:raw@127.0.0.1:%u>;tag=raw",
		 phone->sip_port);
	snprintf(phone->remote, sizeof(phone->remote), "<sip:+15550200@127.0.0.1:%u>", peer_port);
}

static inline void raw_close(struct raw_phone *phone)
{
	close(phone->sip_fd);
	close(phone->rtp_fd);
	close(phone->rtcp_fd);
}

/* SIP */

static inline void raw_send(struct raw_phone *phone, const char *text, size_t len)
{
	sendto(phone->sip_fd, text, len, 0, (struct sockaddr *)&phone->peer, sizeof(phone->peer));
}

/* The value of the first header of that name in a message; "" when there is none. */
static inline const char *raw_header(const char *msg, const char *name, char value[RAW_NAME])
{
	size_t len = strlen(name);

	value[0] = '\0';
	for (const char *line = strstr(msg, "\r\n"); line && line[2] != '\r';
	     line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, name, len) || line[2 + len] != ':')
			continue;
		line += 3 + len;
		line += strspn(line, " ");
		snprintf(value, RAW_NAME, "%.*s", (int)strcspn(line, "\r\n"), line);
		break;
	}
	return value;
}

static inline void raw_learn_media(struct raw_phone *phone)
{
	const char *media = strstr(phone->msg, "\r\nm=audio ");
	const char *addr = strstr(phone->msg, "\r\nc=IN IP4 ");
	char ip[64] = "";

	if (!media || !addr || sscanf(addr + 11, "%63[0-9.]", ip) != 1)
		return;
	phone->rtp_peer = phone->peer;
	phone->rtp_peer.sin_port = htons((uint16_t)strtoul(media + 10, NULL, 10));
	inet_pton(AF_INET, ip, &phone->rtp_peer.sin_addr);
}

/* Has a message come that begins so ("INVITE ", "SIP/2.0 200")? Others are passed over. */
static inline bool raw_got(struct raw_phone *phone, const char *start)
{
	ssize_t len;

	while ((len = recv(phone->sip_fd, phone->msg, RAW_MSG - 1, 0)) > 0) {
		phone->msg[len] = '\0';
		raw_learn_media(phone);
		if (!strncmp(phone->msg, "INVITE ", 7))
			strcpy(phone->invite, phone->msg);
		if (!strncmp(phone->msg, start, strlen(start)))
			return true;
	}
	return false;
}

/* SDP of the phone. formats such as "0 101"; more: lines ending in \r\n. */
static inline const char *raw_sdp(const struct raw_phone *phone, const char *formats,
				  const char *more)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		 "v=0\r\no=raw 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		 "m=audio %u RTP/AVP %s\r\n%s",
		 phone->rtp_port, formats, more);
	return text;
}

static inline void raw_finish(struct raw_phone *phone, char *text, size_t len, const char *more,
			      const char *body)
{
	bool has_body = body && *body;

	len += (size_t)snprintf(text + len, RAW_MSG - len, "%sContact: <sip:raw@127.0.0.1:%u>\r\n",
				more ? more : "", phone->sip_port);
	if (has_body && !strstr(text, "Content-Type:"))
		len += (size_t)snprintf(text + len, RAW_MSG - len,
					"Content-Type: application/sdp\r\n");
	len += (size_t)snprintf(text + len, RAW_MSG - len, "Content-Length: %zu\r\n\r\n%s",
				has_body ? strlen(body) : 0, has_body ? body : "");
	raw_send(phone, text, len);
}

/* Answer a request: status "200 OK"; more are header lines, both may be NULL. */
static inline void raw_reply(struct raw_phone *phone, const char *request, const char *status,
			     const char *more, const char *body)
{
	char via[RAW_NAME], from[RAW_NAME], to[RAW_NAME], id[RAW_NAME], cseq[RAW_NAME];
	char text[RAW_MSG];
	int len;

	raw_header(request, "To", to);
	raw_header(request, "From", from);
	raw_header(request, "Call-ID", id);
	len = snprintf(
		text, sizeof(text),
		"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n",
		status, raw_header(request, "Via", via), from, to,
		strstr(to, ";tag=") ? "" : ";tag=raw", id, raw_header(request, "CSeq", cseq));
	if (!strncmp(request, "INVITE ", 7)) {
		snprintf(phone->local, RAW_NAME, "%.400s%s", to,
			 strstr(to, ";tag=") ? "" : ";tag=raw");
		strcpy(phone->remote, from);
		strcpy(phone->call_id, id);
	}
	raw_finish(phone, text, (size_t)len, more, body);
}

/* A request of the phone's, with its dialogue's names. An ACK takes the number of the INVITE. */
static inline void raw_request(struct raw_phone *phone, const char *method, const char *more,
			       const char *body)
{
	static unsigned branch;
	char text[RAW_MSG];
	int len;

	if (strcmp(method, "ACK") && strcmp(method, "CANCEL"))
		phone->cseq++;
	if (strcmp(method, "CANCEL"))
		branch++;
	len = snprintf(text, sizeof(text),
		       "%s sip:+15550200@127.0.0.1:%u SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:%u;rport;branch=z9hG4bKraw%u-%u\r\n"
		       "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\n",
		       method, ntohs(phone->peer.sin_port), phone->sip_port, phone->sip_port,
		       branch, phone->local, phone->remote, phone->call_id, phone->cseq, method);
	raw_finish(phone, text, (size_t)len, more, body);
}

/* The far side's tag, from a response to our INVITE: the dialogue exists. */
static inline void raw_learn_dialogue(struct raw_phone *phone)
{
	raw_header(phone->msg, "To", phone->remote);
}

/* RTP */

static inline void raw_send_bytes(struct raw_phone *phone, const void *bytes, size_t len)
{
	sendto(phone->rtp_fd, bytes, len, 0, (struct sockaddr *)&phone->rtp_peer,
	       sizeof(phone->rtp_peer));
}

static inline size_t raw_rtp_header(const struct raw_phone *phone, int pt, uint8_t packet[12])
{
	const uint32_t words[] = {htonl(phone->ts), htonl(phone->ssrc)};

	packet[0] = 0x80;
	packet[1] = (uint8_t)pt;
	packet[2] = (uint8_t)(phone->seq >> 8);
	packet[3] = (uint8_t)phone->seq;
	memcpy(packet + 4, words, sizeof(words));
	return 12;
}

/* One packet; its number and time move on by itself. */
static inline void raw_send_rtp(struct raw_phone *phone, int pt, const void *payload, size_t len)
{
	uint8_t packet[2048];
	size_t at = raw_rtp_header(phone, pt, packet);

	memcpy(packet + at, payload, len);
	raw_send_bytes(phone, packet, at + len);
	phone->seq++;
	phone->ts += (uint32_t)len;
}

/* Has an RTP packet come? Its length, 0 for none. */
static inline size_t raw_got_rtp(struct raw_phone *phone)
{
	ssize_t len = recv(phone->rtp_fd, phone->packet, sizeof(phone->packet), 0);

	phone->packets += len > 0;
	return len > 0 ? (size_t)len : 0;
}

static inline int raw_drain_rtp(struct raw_phone *phone)
{
	int count = 0;

	while (raw_got_rtp(phone))
		count++;
	return count;
}
