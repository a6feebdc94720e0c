"""Decoding with FFmpeg, which PyAV brings along: m4a, aac, wma, Vorbis and all else that libsndfile does not read."""

from pathlib import Path

from genre_lightning.audio.headers import begins_anew
from genre_lightning.audio.recording import JOINED, SAMPLES_A_BLOCK, AudioError, Recording, Wanted, mono, record

# The containers that hold songs. FFmpeg takes any file for audio whose suffix stands for samples without a header, and
# opens what a playlist names.
CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,matroska,mov,mp3,mpc,mpc8,mpegts,nistsphere,ogg,tak,tta,"
    "voc,w64,wav,wv"
)
# These are nothing but frames, one after the other: FFmpeg takes the length from the size of the file and the first
# bit rate, and what is between two frames, such as tags where files were joined, for damage.
FRAMES_ONLY = ("aac", "ac3", "eac3", "mp3")
MOST_PLANES = 7  # PyAV crashes on frames with one more, a plane for each channel
MOST_LOST = 0.05  # of the frames of such a file; pictures in tags hold what looks like frames


def decode_with_ffmpeg(path: Path, wanted: Wanted) -> Recording:
    """Decode a file. Raises AudioError."""
    import av
    from av.error import ArgumentError, FFmpegError

    how = {"metadata_errors": "replace", "options": {"format_whitelist": CONTAINERS}}
    try:
        with av.open(str(path.absolute()), **how) as container:  # "a: b.ogg" could be a protocol
            if not container.streams.audio:
                raise AudioError("holds no audio")
            if container.streams.audio[0].codec_context is None:
                raise AudioError("holds audio in a codec that neither libsndfile nor FFmpeg knows")
            return decode_stream(container, container.streams.audio[0], wanted)
    except ArgumentError:
        raise AudioError("is damaged, cut off or not audio: it has no header of a known format, or several") from None
    except (FFmpegError, ValueError) as error:  # ValueError: the number of channels changes midway
        raise AudioError(f"is damaged, cut off or not audio: {getattr(error, 'strerror', error)}") from None


def decode_stream(container, stream, wanted: Wanted) -> Recording:  # noqa: ANN001 (PyAV's classes, imported only where they are needed)
    """Decode one PyAV audio stream."""
    if not stream.rate:
        raise AudioError("is damaged, cut off or not audio: it has no sample rate")
    stream.thread_type = "NONE"  # songs are decoded in parallel, not parts of a song
    mix = mono(as_floats(joined(decoded(container, stream))))
    return record(mix, stream.rate, wanted, int(promised_seconds(container, stream) * stream.rate))


def promised_seconds(container, stream) -> float:  # noqa: ANN001
    """The length that the stream's header states, or else the container's, as Matroska does; 0 if it is a guess."""
    import av

    if container.format.name in FRAMES_ONLY:
        return 0.0
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def decoded(container, stream):  # noqa: ANN001, ANN201
    """PyAV's frames. Raises AudioError if more are damaged than where tags stand between joined files."""
    from av.error import FFmpegError

    packets = lost = end = 0
    for packet in container.demux(stream):
        packets, end = packets + 1, end if packet.pos is None else packet.pos + packet.size
        try:
            frames = packet.decode()
        except FFmpegError:
            if container.format.name not in FRAMES_ONLY:
                raise
            lost += 1
        else:
            yield from frames
    if lost > max(1, MOST_LOST * packets):
        raise AudioError(f"is damaged: {lost} of its {packets} frames cannot be decoded")
    if begins_anew(Path(container.name), end):
        raise AudioError(JOINED)


def joined(frames):  # noqa: ANN001, ANN201
    """Join PyAV's frames to blocks: they are so small that handing each over takes half as long as decoding it."""
    import av

    fifo, kind = av.AudioFifo(), None
    for frame in frames:
        if kind not in (None, (frame.layout.nb_channels, frame.sample_rate)):
            raise ValueError("the number of channels or the sample rate changes")  # the FIFO would crash on them
        kind = frame.layout.nb_channels, frame.sample_rate
        frame.pts = None  # a gap in time would be an error
        fifo.write(frame)
        if fifo.samples >= SAMPLES_A_BLOCK:
            yield fifo.read(SAMPLES_A_BLOCK)
    if fifo.samples:
        yield fifo.read()


def as_floats(blocks):  # noqa: ANN001, ANN201
    """PyAV's blocks, which are all of one kind, as arrays `(frames, channels)`."""
    import av

    resampler = None
    for block in blocks:
        channels = block.layout.nb_channels
        in_planes = channels <= MOST_PLANES
        resampler = resampler or av.AudioResampler(format="fltp" if in_planes else "flt")
        for part in resampler.resample(block):
            array = part.to_ndarray()
            yield array.T if in_planes else array.reshape(-1, channels)
