# The station and the command line, on a CPU. docs/station.md#in-a-container
#   docker build -t mminspect .
#   docker run --rm -it -v line:/data mminspect station --data /data --add-user mira
#   docker run -p 8000:8000 -v line:/data -v $PWD/model.onnx:/data/model.onnx:ro mminspect
#   docker run --rm -v $PWD:/data mminspect inspect model.onnx photos --out results
FROM python:3.11-slim

# Words for pip, such as the address of an index with CPU builds of torch: the image is several GB smaller with them.
ARG PIP_OPTIONS=""
ENV PYTHONUNBUFFERED=1 PYTHONWARNINGS=ignore PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --create-home --uid 1000 inspector && install --directory --owner inspector /data

WORKDIR /opt/mminspect
COPY requirements requirements
RUN pip install $PIP_OPTIONS --upgrade -c requirements/constraints.txt pip setuptools wheel
RUN pip install $PIP_OPTIONS -c requirements/constraints.txt -r requirements/runtime.txt -r requirements/web.txt
# mmcv asks for opencv-python, which needs system libraries of a desktop.
RUN pip uninstall -y opencv-python \
 && pip install $PIP_OPTIONS -c requirements/constraints.txt --no-deps --force-reinstall opencv-python-headless
COPY setup.py pyproject.toml MANIFEST.in README.md LICENSE model-index.yml ./
COPY projects projects
COPY configs configs
COPY tools tools
RUN pip install --no-deps --no-build-isolation . \
 && python -c 'import cv2, torch, torchvision, fdrd; torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)'

USER inspector
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "import urllib.request as web; \
web.urlopen(web.Request('http://127.0.0.1:8000/api/status', headers={'Authorization': 'Bearer ' + \
open('/data/token').read()}), timeout=4)"]
ENTRYPOINT ["mminspect"]
CMD ["station", "--data", "/data", "--model", "/data/model.onnx", "--host", "0.0.0.0", "--port", "8000"]
